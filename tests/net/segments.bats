#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What comes right behind the ACK, and what the ACK says of the path.

load net
load talk

setup_file()
{
	net_up
	start_server 8080
	synward attach srv --mode always
}

teardown()
{
	talk_end_all
}

teardown_file()
{
	net_down
}

@test "100 bytes in the ACK's batch arrive" {
	raw_client batch 100
}

@test "1,800 bytes in the ACK's batch arrive" {
	raw_client batch 1800
}

@test "6,000 bytes in the ACK's batch arrive" {
	raw_client batch 6000
}

@test "100 bytes and FIN in the ACK's batch arrive" {
	raw_client batch 100 --fin
}

@test "1,800 bytes and FIN in the ACK's batch arrive" {
	raw_client batch 1800 --fin
}

@test "6,000 bytes and FIN in the ACK's batch arrive" {
	raw_client batch 6000 --fin
}

@test "6,000 bytes and FIN in the ACK's batch arrive over IPv6" {
	raw_env=("${raw_env6[@]}")
	raw_client batch 6000 --fin
}

@test "segments behind the ACK were sent round, and none was lost" {
	counted tc_looped 1
	[ "$(counter tc_no_child)" = 0 ]
	[ "$(counter ack_bad)" = 0 ]
}

# too_slow COMMAND...: the raw client's, while the application has left one
# connection in an accept queue that holds no more
too_slow()
{
	listener slow 8082 --backlog 0
	raw_env+=(RAW_PORT=8082)
	talk_start raw raw_client "$@"
	[ "$(hear raw)" = answered ]
}

# patience BYTES [--fin]: the batch is met by silence while the accept queue is
# full, and by its acknowledgement when there is room
patience()
{
	local full

	full=$(counter ack_accept_full)
	too_slow refused "$@"
	client client $srv4 8082
	wait_for 5 in_queue 1
	[ "$(ask raw go)" = silence ]
	counted ack_accept_full $((full + 1))
	[ "$(ask slow accept 5)" != nobody ]
	[ "$(ask raw go)" = acknowledged ]
	[ "$(ask slow accept 5)" = ::ffff:192.0.2.77 ]
	[ "$(ask slow read "$1")" = "$1" ]
}

# in_queue N: so many connections wait for slow's accept()
in_queue()
{
	[ "$("${in_srv[@]}" ss -Hltn "sport = :8082" |
		awk '{ print $2 }')" = "$1" ]
}

@test "100 bytes behind an ACK find the accept queue full: silence, then room" {
	patience 100
}

@test "1,800 bytes behind an ACK find the accept queue full: silence, then room" {
	patience 1800
}

@test "6,000 bytes behind an ACK find the accept queue full: silence, then room" {
	patience 6000
}

@test "100 bytes and FIN behind an ACK find the accept queue full: silence, then room" {
	patience 100 --fin
}

@test "1,800 bytes and FIN behind an ACK find the accept queue full: silence, then room" {
	patience 1800 --fin
}

@test "6,000 bytes and FIN behind an ACK find the accept queue full: silence, then room" {
	patience 6000 --fin
}

@test "two ACKs and their data in one batch, room for one: silence for the other" {
	too_slow rivals
	[ "$(ask raw go)" = acknowledged ]
	[ "$(hear raw)" = silence ]
	in_queue 1
}

# rtt_of PORT: the server's smoothed RTT in ms, empty if there is no sample
rtt_of()
{
	"${in_srv[@]}" ss -tinHO "dport = :$1" |
		sed -n 's/.* rtt:\([0-9]*\)[./].*/\1/p'
}

# held_for MS: makes a connection whose ACK was held; prints the least and the
# most that its path can have taken, and the server's rtt
held_for()
{
	local port least most

	coproc HELD { raw_client hold "$1"; }
	held=$HELD_PID
	read -r -t 20 port least most <&"${HELD[0]}"
	wait_for 5 established "$port"
	echo "$least $most $(rtt_of "$port")"
	eval "exec ${HELD[1]}>&-"
	wait "$held"
}

established()
{
	[ -n "$("${in_srv[@]}" ss -tHn state established "dport = :$1")" ]
}

@test "an ACK held 10 ms gives an rtt within two ticks of its clock" {
	read -r least most rtt <<<"$(held_for 10)"
	[ "$least" -ge 10 ]
	[ "$rtt" -ge 3 ]
	[ "$rtt" -ge $((least - 9)) ]
	[ "$rtt" -le $((most + 9)) ]
}

@test "an ACK held 300 ms gives an rtt within 10 % of it" {
	read -r least most rtt <<<"$(held_for 300)"
	[ "$least" -ge 300 ]
	[ "$rtt" -ge $((least * 9 / 10)) ]
	[ "$rtt" -le $((most * 11 / 10)) ]
}

@test "an ACK held 3 s gives no rtt sample rather than a wrong one" {
	read -r least most rtt <<<"$(held_for 3000)"
	[ "$least" -ge 3000 ]
	[ -z "$rtt" ]
}

# Real clients of a listener with bbr and of one with cubic, over a bad cable.
algorithms()
{
	listener bbr 8083 --congestion bbr
	listener cubic 8084 --congestion cubic
	cable "$@"
	client first $srv4 8083
	client second $srv6 8084
}

# rtt_by NAME PORT: of its connection, by the algorithm of this name
rtt_by()
{
	"${in_srv[@]}" ss -tinHO "sport = :$2" |
		sed -n "s/.* $1 .* rtt:\([0-9]*\)[./].*/\1/p"
}

# The server speaks, and no timer runs out. (Loss probes are no sign of a wrong
# rtt: a delayed ACK of the last segment brings them on short paths.)
speak()
{
	local name

	for name in bbr cubic; do
		[ "$(ask $name say 30000)" = acknowledged ]
		[ "$(ask $name timeouts)" = 0 ]
	done
}

# path MS: what clients send takes so long
path()
{
	algorithms delay:any:$1
	[ "$(ask bbr accept 10)" = ::ffff:$atk4 ]
	[ "$(ask cubic accept 10)" = $atk6 ]
	[ "$(rtt_by bbr 8083)" -ge $(($1 * 9 / 10 - 6)) ]
	[ "$(rtt_by cubic 8084)" -ge $(($1 * 9 / 10 - 6)) ]
}

# alone SECONDS: the ACK comes so late, and nothing else does
alone()
{
	algorithms hold:ack:2
	[ "$(hear cable)" = "hold ack" ]
	[ "$(hear cable)" = "hold ack" ]
	sleep "$1"
	tell cable go
	[ "$(ask bbr accept 10)" = ::ffff:$atk4 ]
	[ "$(ask cubic accept 10)" = $atk6 ]
	[ -z "$(rtt_by bbr 8083)$(rtt_by cubic 8084)" ]
	speak
}

@test "a path of 10 ms: bbr and cubic know its rtt" {
	path 10
}

@test "a path of 300 ms: bbr and cubic know its rtt and send nothing twice" {
	path 300
	speak
	[ "$(ask bbr resent)" = 0 ]
	[ "$(ask cubic resent)" = 0 ]
}

@test "an ACK held 3 s: bbr and cubic take no sample, and no timeout is spurious" {
	alone 3
}

@test "an ACK held 10 s: bbr and cubic take no sample, and no timeout is spurious" {
	alone 10
}

@test "a duplicated ACK makes no second connection" {
	before=$(counter tc_socket_made)
	port=$(raw_client replay)
	[ "$("${in_srv[@]}" ss -tHn state connected "dport = :$port" |
		wc -l)" = 1 ]
	[ $(($(counter tc_socket_made) - before)) = 1 ]
}

@test "a packet socket that looks on costs no connection" {
	# without a ring it clones each skb
	coproc LOOKS { "${in_srv[@]}" /usr/bin/python3 -c "
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
print('looking', flush=True)
sys.stdin.read()"; }
	looks=$LOOKS_PID
	read -r -t 10 _ <&"${LOOKS[0]}"
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	[ "$(count_bytes $srv6 6000)" = 6000 ]
	raw_client batch 6000 --fin
	eval "exec ${LOOKS[1]}>&-"
	wait "$looks"
}
