#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Generic XDP: the kernel runs the program on skbs, and once more on those that
# TC sends round.

load net

setup_file()
{
	net_up
	start_server 8080
	synward attach srv --mode always --xdp generic
}

teardown_file()
{
	net_down
}

@test "generic XDP serves IPv4 and IPv6" {
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	[ "$(count_bytes $srv6 6000)" = 6000 ]
	counted tc_socket_made 2
}

@test "generic: 6,000 bytes and FIN in the ACK's batch arrive" {
	raw_client batch 6000 --fin
}

@test "generic: segments whose socket is refused go round once, not for ever" {
	"${in_srv[@]}" ip route add blackhole 192.0.2.78/32
	"${in_srv[@]}" ip neigh replace 192.0.2.78 lladdr $atk_mac dev srv \
		nud permanent
	looped=$(counter tc_looped)
	raw_env=(RAW_SRC=192.0.2.78)
	run raw_client batch 6000
	[ "$status" != 0 ]
	# the ACK and five segments behind it
	[ $(($(counter tc_looped) - looped)) -le 5 ]
	counted tc_no_child 1
}
