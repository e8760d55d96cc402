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

@test "generic: 6,000 bytes and FIN in the ACK's batch arrive over IPv6" {
	raw_env=("${raw_env6[@]}")
	raw_client batch 6000 --fin
}

# answer_to OPTIONS: to a raw client's SYN with these; flags, MSS
answer_to()
{
	env RAW_DEV=atk RAW_MAC=$srv_mac RAW_PORT=8080 RAW_SRC=192.0.2.77 \
		RAW_DST=$srv4 "PYTHONPATH=$BATS_TEST_DIRNAME" \
		"${in_atk[@]}" /usr/bin/python3 -B - "$1" <<-'END'
	import sys
	import rawclient
	client = rawclient.Client()
	client.send(client.frame("S", options=eval(sys.argv[1])))
	answer = next(client.replies(3), None)
	print(answer and answer.flags, answer and dict(answer.options)["MSS"])
	END
}

@test "generic: a SYN without options gets an answer that is longer than itself" {
	[ "$(answer_to "[]")" = "SA 1460" ]
}

@test "generic: a SYN with 40 bytes of options gets one that is shorter" {
	[ "$(answer_to '[("MSS", 1460)] + [("NOP", None)] * 36')" = "SA 1460" ]
}

@test "generic: a SYN flood fills no queue, and clients are served in it" {
	start_flood 2000 3
	for _ in 1 2 3 4 5; do
		[ "$(count_bytes $srv4 6000)" = 6000 ]
	done
	wait "$flood_pid"
	counted syn_answered 1000
	[ "$("${in_srv[@]}" ss -Htn state syn-recv | wc -l)" = 0 ]
}

@test "generic: detach leaves nothing on the interface" {
	[ "$("${in_srv[@]}" "$tools/onwire" srv)" = "xdp 1 tc 1" ]
	synward detach srv --grace 0
	[ "$("${in_srv[@]}" "$tools/onwire" srv)" = "xdp 0 tc 0" ]
	[ "$(count_bytes $srv4 6000)" = 6000 ]
}
