#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What happens to an interface while it is attached, with clients before and
# after.

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

# cookie_opens: a connection, and it was a cookie that opened it
cookie_opens()
{
	local made

	made=$(counter tc_socket_made)
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	[ "$(counter tc_socket_made)" = $((made + 1)) ]
}

# kernel_opens: a connection, without synward
kernel_opens()
{
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	[ ! -e "$pin_dir" ]
}

# says PATTERN: status does
says()
{
	run synward status
	[[ $output =~ $1 ]]
}

on_wire()
{
	"${in_srv[@]}" "$tools/onwire" "$1"
}

@test "renamed: protected on, and status shows the new name" {
	synward attach srv --mode always
	cookie_opens
	"${in_srv[@]}" ip link set srv name renamed0
	cookie_opens
	says "renamed0: attached since"
	! grep -q '^srv:' <<<"$output" || return 1
}

@test "renamed: detach by the old name says the new one, by the new one detaches" {
	synward attach srv --mode always
	"${in_srv[@]}" ip link set srv name renamed0
	run synward detach srv --grace 0
	echo "$output"
	[ "$status" = 3 ]
	[[ $output == *"srv: is called renamed0 now: "*" detach renamed0"* ]]
	cookie_opens
	synward detach renamed0 --grace 0
	[ "$(on_wire renamed0)" = "xdp 0 tc 0" ]
	kernel_opens
}

@test "renamed: another interface that takes the old name is told why it must wait" {
	synward attach srv --mode always
	"${in_srv[@]}" ip link set srv name renamed0
	"${in_srv[@]}" ip link add srv type veth peer name srv2
	"${in_srv[@]}" ip link set srv up
	run synward attach srv
	echo "$output"
	[ "$status" = 2 ]
	[[ $output == *"name is taken by renamed0"*"detach renamed0"* ]]
	run synward detach srv --grace 0
	[ "$status" = 3 ]
	cookie_opens
}

@test "down and up again: protected on" {
	synward attach srv --mode always
	cookie_opens
	"${in_srv[@]}" ip link set srv down
	says "srv: attached since"
	"${in_srv[@]}" ip link set srv up
	"${in_srv[@]}" ip route replace default via $atk4
	cookie_opens
	synward detach srv --grace 0
	[ "$(on_wire srv)" = "xdp 0 tc 0" ]
	kernel_opens
}

# announced: the MSS in the answer to a raw client's SYN
announced()
{
	env RAW_DEV=atk RAW_MAC=$srv_mac RAW_PORT=8080 \
		${raw_env:+"${raw_env[@]}"} "PYTHONPATH=$BATS_TEST_DIRNAME" \
		"${in_atk[@]}" /usr/bin/python3 -B -c '
import rawclient
print(dict(rawclient.Client().syn().options)["MSS"])'
}

@test "MTU changed: the SYN-ACK announces the new MSS" {
	synward attach srv --mode always
	raw_env=(RAW_SRC=192.0.2.77 "RAW_DST=$srv4")
	[ "$(announced)" = 1460 ]
	"${in_srv[@]}" ip link set srv mtu 1400
	[ "$(announced)" = 1360 ]
	cookie_opens
	raw_env=("${raw_env6[@]}")
	[ "$(announced)" = 1340 ]
	"${in_srv[@]}" ip link set srv mtu 1500
	[ "$(announced)" = 1440 ]
	[ "$(counter syn_answered)" = 5 ]
}

@test "deleted: status says so and exits 3, detach cleans up" {
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_syncookies=0
	synward attach srv --mode always
	cookie_opens
	"${in_srv[@]}" ip link del srv
	says "srv: no longer attached: the interface was deleted"
	[ "$status" = 3 ]
	synward detach srv
	[ ! -e "$pin_dir" ]
	[ "$("${in_srv[@]}" sysctl -n net.ipv4.tcp_syncookies)" = 0 ]
	netns_plug
	kernel_opens
}

@test "deleted, and a new one of the same name: it can be attached" {
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_syncookies=0
	synward attach srv --mode always
	cookie_opens
	"${in_srv[@]}" ip link del srv
	netns_plug
	says "srv: no longer attached"
	synward attach srv --mode always
	says "srv: attached since"
	cookie_opens
	synward detach srv --grace 0
	[ "$("${in_srv[@]}" sysctl -n net.ipv4.tcp_syncookies)" = 0 ]
	kernel_opens
}

@test "one of two deleted: the other is protected on, and takes the dead along" {
	"${in_srv[@]}" ip link add more type veth peer name more2
	"${in_srv[@]}" ip link set more up
	synward attach srv more --mode always
	"${in_srv[@]}" ip link del more
	says "more: no longer attached"
	[ "$status" = 0 ]
	cookie_opens
	synward detach srv --grace 0
	kernel_opens
}

# another_namespace: $other runs in it and holds it, "${in_other[@]}" enters
another_namespace()
{
	unshare --net setpriv --pdeathsig TERM sleep infinity 3>&- &
	other=$!
	remember_pid $other
	in_other=(nsenter "--net=/proc/$other/ns/net")
	wait_for 5 apart
}

apart()
{
	[ "$(readlink "/proc/$other/ns/net")" != "$(readlink /proc/$$/ns/net)" ]
}

listens_there()
{
	[ -n "$("${in_other[@]}" ss -Hltn "sport = :8080")" ]
}

# serve_there: the server's address and the server, where srv is now
serve_there()
{
	"${in_other[@]}" ip addr add $srv4/24 dev srv
	"${in_other[@]}" ip link set srv up
	"${in_other[@]}" setpriv --pdeathsig TERM /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/server.py" 8080 >/dev/null 2>&1 3>&- &
	remember_pid $!
	wait_for 10 listens_there
}

@test "moved to another namespace: it protects there, as status says" {
	synward attach srv --mode always
	cookie_opens
	another_namespace
	"${in_srv[@]}" ip link set srv netns "$other"
	says "srv: moved to another network namespace"
	[ "$status" = 0 ]
	serve_there
	cookie_opens
	synward detach srv --grace 0
	[ "$("${in_other[@]}" "$tools/onwire" srv)" = "xdp 0 tc 0" ]
	kernel_opens
}

@test "moved away: another interface of its name and index is not taken for it" {
	synward attach srv --mode always
	index=$("${in_srv[@]}" cat /sys/class/net/srv/ifindex 2>/dev/null ||
		"${in_srv[@]}" ip -j link show srv | jq '.[0].ifindex')
	another_namespace
	"${in_srv[@]}" ip link set srv netns "$other"
	"${in_srv[@]}" ip link add srv index "$index" type veth peer name srv2
	"${in_srv[@]}" ip link set srv up
	says "srv: moved to another network namespace"
	run synward attach srv
	echo "$output"
	[ "$status" = 2 ]
	[[ $output == *"in another network namespace now: "*"detach srv"* ]]
	synward detach srv --grace 0
	[ "$("${in_other[@]}" "$tools/onwire" srv)" = "xdp 0 tc 0" ]
	synward attach srv
	[ "$(on_wire srv)" = "xdp 1 tc 1" ]
}

# elsewhere ARG...: synward in the attacker's namespace, on the same pins
elsewhere()
{
	"${in_atk[@]}" "$NETNS_BUILD/synward" --pin-dir "$pin_dir" "$@"
}

@test "status and detach in another namespace work, and say where it was attached" {
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_syncookies=0
	synward attach srv --mode always
	cookie_opens
	run elsewhere status
	[ "$status" = 0 ]
	[[ $output == *"srv: attached since"*"another network namespace"* ]]
	run elsewhere detach srv --grace 0
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"in another network namespace"*"tcp_syncookies=0 there"* ]]
	[ "$(on_wire srv)" = "xdp 0 tc 0" ]
	kernel_opens
}
