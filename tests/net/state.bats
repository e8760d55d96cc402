#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What attach leaves behind, and that detach leaves nothing.

load net

setup()
{
	net_up
	start_server 8080
}

teardown()
{
	net_down
}

@test "attach says in one line what it did and how to undo it" {
	run synward attach srv
	echo "$output"
	[ "${#lines[@]}" = 1 ]
	[[ $output =~ 8080 && $output =~ adaptive && $output =~ native ]]
	[[ $output =~ "detach srv" ]]
}

@test "the process ends, protection stays" {
	synward attach srv --mode always
	[ "$(count_bytes $srv4 100)" = 100 ]
	[ "$(counter tc_socket_made)" = 1 ]
}

# id_of FIELD PIN: of a pinned link
id_of()
{
	bpftool -j link show pinned "$pin_dir/srv/$2" | jq -e ".$1"
}

@test "detach leaves no pin, no program, no link, no timer" {
	synward attach srv
	timer=$(bpftool -j map show pinned "$pin_dir/maps/sw_timer" | jq -e .id)
	xdp=$(id_of prog_id xdp)
	tc=$(id_of prog_id tc)
	xdp_link=$(id_of id xdp)
	tc_link=$(id_of id tc)
	[ "$("${in_srv[@]}" ip -d link show srv | grep -c xdp)" != 0 ]
	synward detach srv --grace 0
	[ ! -e "$pin_dir" ]
	wait_for 5 gone link "$xdp_link"
	wait_for 5 gone link "$tc_link"
	wait_for 5 gone prog "$xdp"
	wait_for 5 gone prog "$tc"
	wait_for 5 gone map "$timer"
	[ "$("${in_srv[@]}" ip -d link show srv | grep -c xdp)" = 0 ]
	[ "$(count_bytes $srv4 100)" = 100 ]
}

gone()
{
	! bpftool "$1" show id "$2" >/dev/null 2>&1
}

@test "tcp_syncookies=0 is set to 1, said, and put back" {
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_syncookies=0
	run synward attach srv --mode always
	[[ $output =~ tcp_syncookies ]]
	[ "$("${in_srv[@]}" sysctl -n net.ipv4.tcp_syncookies)" = 1 ]
	[ "$(count_bytes $srv4 100)" = 100 ]
	synward detach srv --grace 0
	[ "$("${in_srv[@]}" sysctl -n net.ipv4.tcp_syncookies)" = 0 ]
}

sysctl_syncookies()
{
	"${in_srv[@]}" sysctl -n net.ipv4.tcp_syncookies
}

@test "tcp_syncookies stays 1 while another synward of this namespace needs it" {
	"${in_srv[@]}" ip link add more type veth peer name more2
	"${in_srv[@]}" ip link set more up
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_syncookies=0
	local other=("${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pins/other")

	"${other[@]}" attach more
	synward attach srv --mode always
	run "${other[@]}" detach more --grace 0
	echo "$output"
	[ "$status" = 0 ]
	[[ $output =~ warning.*srv.*"sysctl -w net.ipv4.tcp_syncookies=0" ]]
	[ "$(sysctl_syncookies)" = 1 ]
	[ "$(count_bytes $srv4 100)" = 100 ]
	counted tc_socket_made 1
}

@test "every map's dump prints named fields" {
	synward attach srv # adaptive: the listener gets its gate
	count_bytes $srv4 100
	synward mode always
	count_bytes $srv4 100
	for map in "$pin_dir"/maps/* "$pin_dir"/srv/sw_iface \
		"$pin_dir"/secret/sw_keys; do
		bpftool map dump pinned "$map" >"$stage/dump"
		# a map that has lost its BTF shows bytes: "key: 00 00"
		grep -q '"value": {' "$stage/dump"
	done
	bpftool map dump pinned "$pin_dir/maps/sw_totals" |
		grep -q '"syn_challenged"'
}

@test "pins are the owner's alone" {
	synward attach srv
	[ "$(stat -c %a "$pin_dir")" = 700 ]
	[ "$(stat -c %a "$pin_dir/secret")" = 700 ]
}

@test "--port protects only the ports named" {
	start_server 9090
	synward attach srv --mode always --port 9090
	[ "$(count_bytes $srv4 100)" = 100 ]
	[ "$(counter syn_answered)" = 0 ]
	counted port_unprotected 1
	raw_env=(RAW_PORT=9090)
	[ "$(raw_client syn)" = SA ]
	[ "$(counter syn_answered)" = 1 ]
}

@test "generic XDP serves as native does" {
	synward attach srv --mode always --xdp generic
	synward status | grep -q generic
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	[ "$(count_bytes $srv6 6000)" = 6000 ]
	[ "$(counter tc_socket_made)" = 2 ]
	raw_client batch 6000 --fin
}

@test "a jumbo interface attaches natively" {
	"${in_atk[@]}" ip link set atk xdpdrv off
	"${in_atk[@]}" ip link set atk mtu 9000
	"${in_srv[@]}" ip link set srv mtu 9000
	synward attach srv --mode always --xdp native
}

@test "two interfaces share settings and counters; the last takes all away" {
	"${in_srv[@]}" ip link add more type veth peer name more2
	"${in_srv[@]}" ip link set more up
	"${in_srv[@]}" ip link set more2 up
	synward attach srv more --mode always
	[ "$(count_bytes $srv4 100)" = 100 ]
	synward detach more --grace 0
	[ "$(count_bytes $srv4 100)" = 100 ]
	[ "$(counter tc_socket_made)" = 2 ]
	synward detach srv --grace 0
	[ ! -e "$pin_dir" ]
}

@test "mode is switched live and status says which" {
	synward attach srv
	for mode in off observe adaptive always; do
		synward mode $mode
		synward status | grep -q "$mode"
	done
}

@test "-j prints one document of schema 1 on every command" {
	synward -j attach srv | jq -e '.schema == 1'
	for noun in status stats keys; do
		synward -j $noun | jq -e '.schema == 1'
	done
	synward -j mode always | jq -e '.schema == 1'
	synward -j detach srv --grace 0 | jq -e '.schema == 1'
}

@test "detach waits for a cookie in flight" {
	synward attach srv --mode always
	coproc HELD { raw_client hold 1000; }
	held=$HELD_PID
	wait_for 5 counted syn_answered 1
	synward detach srv --grace 3
	read -r -t 20 port _ <&"${HELD[0]}"
	wait_for 5 established "$port"
	eval "exec ${HELD[1]}>&-"
	wait "$held"
}

established()
{
	[ -n "$("${in_srv[@]}" ss -tHn state established "dport = :$1")" ]
}

@test "a detach that is stopped and goes on waits as long as it should" {
	synward attach srv
	"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pin_dir" \
		detach srv --grace 3 3>&- &
	detach=$!
	remember_pid $detach
	wait_for 5 draining
	since=$EPOCHREALTIME
	kill -STOP $detach
	wait_for 5 stopped $detach
	kill -CONT $detach
	wait $detach
	# wait_for has seen the flag within its 0.1 s, or a busy machine's second
	[ $((${EPOCHREALTIME/./} - ${since/./})) -gt 1500000 ]
	[ ! -e "$pin_dir" ]
}

draining()
{
	synward -j status | jq -e '.interfaces[0].draining' >/dev/null
}

stopped()
{
	grep -q '^State:.T' "/proc/$1/status"
}

@test "what reads while a detach goes on sees all or nothing" {
	for _ in 1 2 3 4 5; do
		synward attach srv
		synward detach srv --grace 0 3>&- &
		detach=$!
		while kill -0 $detach 2>/dev/null; do
			run synward stats
			[ "$status" = 0 ] || [ "$status" = 3 ]
		done
		wait $detach
	done
}

# run_tcx OBJECT: its program behind what is on srv now; ends with the test
run_tcx()
{
	bpftool prog load "$tools/$1.bpf.o" "$pins/$1"
	coproc TCX { exec "${in_srv[@]}" "$tools/tcx" srv "$pins/$1"; }
	remember_pid "$TCX_PID"
	read -r -t 10 word <&"${TCX[0]}"
	[ "$word" = attached ]
}

@test "a tcx program in front that takes every packet hides none from ours" {
	run_tcx ok
	synward attach srv --mode always
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	[ "$(count_bytes $srv6 6000)" = 6000 ]
	[ "$(counter tc_socket_made)" = 2 ]
}

@test "a tcx program behind ours sees the cookie ACK" {
	synward attach srv --mode always
	run_tcx seen
	count_bytes $srv4 100
	counted tc_socket_made 1
	seen=$(bpftool -j map dump name seen_packets | jq '.[0].formatted.value')
	# the ACK, the data, the FIN, the last ACK
	[ "$seen" -ge 3 ]
}

# start_mptcp_server PORT: listens, and accepts nobody
start_mptcp_server()
{
	"${in_srv[@]}" setpriv --pdeathsig TERM /usr/bin/python3 - "$1" \
		>/dev/null 2>&1 3>&- <<-'END' &
	import signal, socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
	s.bind(("", int(sys.argv[1])))
	s.listen()
	signal.pause()
	END
	remember_pid $!
	wait_for 10 netns_listens "$1"
}

warns()
{
	synward status | grep -q "^warning: $1 "
}

@test "status warns of a listener that cannot be protected, with the cure" {
	start_mptcp_server 9091
	synward attach srv --mode always
	run warns syn_mptcp
	[ "$status" != 0 ]
	raw_env=(RAW_PORT=9091)
	[ "$(raw_client syn)" = SA ]
	wait_for 5 warns syn_mptcp
	synward status | grep "^warning: syn_mptcp 1: .*net.mptcp.enabled=0"
}
