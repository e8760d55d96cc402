#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What comes right behind the ACK, and what the ACK says of the path.

load net

setup_file()
{
	net_up
	start_server 8080
	synward attach srv --mode always
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
