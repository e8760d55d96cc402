#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A cookie opens once: what comes again, from the network or from somebody who
# has recorded it, opens nothing.

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

# opens N COMMAND...: it makes the kernel open N connections
opens()
{
	local wanted=$1 before made

	shift
	before=$(kernel_counter TcpPassiveOpens)
	made=$(counter tc_socket_made)
	"$@"
	[ $(($(kernel_counter TcpPassiveOpens) - before)) = "$wanted" ]
	[ $(($(counter tc_socket_made) - made)) = "$wanted" ]
}

# rises NAME N COMMAND...: by N while it runs
rises()
{
	local name=$1 wanted=$2 before

	shift 2
	before=$(counter "$name")
	"$@"
	wait_for 5 counted "$name" $((before + wanted))
	[ "$(counter "$name")" = $((before + wanted)) ]
}

# late: the first data segment after the client has closed; nobody answers
late()
{
	[ "$(raw tuples.py late)" = silence ]
}

@test "an ACK 60 times in one batch opens one connection" {
	opens 1 raw tuples.py replay 60 batch
}

@test "an ACK replayed 1,000 times opens nothing new while it is open" {
	opens 1 raw tuples.py replay 1000 open
}

@test "an ACK replayed 1,000 times opens nothing new after the close" {
	opens 1 rises ack_replayed 1000 raw tuples.py replay 1000 closed
}

@test "an ACK replayed 1,000 times opens nothing new, over IPv6" {
	raw_env=("${raw_env6[@]}")
	opens 1 raw tuples.py replay 60 batch
	opens 1 rises ack_replayed 1000 raw tuples.py replay 1000 closed
}

@test "a late duplicate of the first data opens nothing after the close" {
	opens 1 rises ack_replayed 1 late
}

@test "a late duplicate of the first data opens nothing, over IPv6" {
	raw_env=("${raw_env6[@]}")
	opens 1 rises ack_replayed 1 late
}
