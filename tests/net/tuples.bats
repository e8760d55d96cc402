#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tuples that the kernel knows are the kernel's: connections, half-open
# requests, and what has just closed.

load tuples

setup_file()
{
	net_up
	start_server 8080
	start_closing 8081
	# a challenge ACK for each that is due, not one in half a second
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_invalid_ratelimit=0
	synward attach srv --mode off
	tuples states >"$stage/off"
	synward mode always
	tuples states >"$stage/always"
	raw_env=("${raw_env6[@]}")
	tuples states >"$stage/always6"
	paste -d'|' "$stage/off" "$stage/always" "$stage/always6"
}

teardown_file()
{
	net_down
}

setup()
{
	synward mode always >/dev/null
}

# answers STATE WHERE WORDS: the server's, to a SYN on a tuple in STATE; those
# of a server without synward, and with it, IPv4 and IPv6
answers()
{
	for run in off always always6; do
		grep -Fx "$*" "$stage/$run"
	done
}

@test "a SYN on an established tuple gets a challenge ACK, then a connection" {
	answers ESTABLISHED below A-old SA 5
	answers ESTABLISHED inside A-old SA 5
	answers ESTABLISHED older A-old SA 5
}

@test "a SYN in FIN_WAIT1 gets a challenge ACK, then a connection" {
	answers FIN_WAIT1 below A-old SA closed
	answers FIN_WAIT1 inside A-old SA closed
	answers FIN_WAIT1 older A-old SA closed
}

@test "a SYN in FIN_WAIT2 gets what the kernel gives, then a connection" {
	answers FIN_WAIT2 below A-old SA closed
	answers FIN_WAIT2 inside RA SA closed
	answers FIN_WAIT2 older A-old SA closed
}

@test "a SYN in TIME_WAIT gets a connection, or an ACK if it is older" {
	answers TIME_WAIT inside SA closed
	answers TIME_WAIT below SA closed
	answers TIME_WAIT older A-old SA closed
}

# reused HOST: one port a hundred times; only the first SYN has no TIME_WAIT
reused()
{
	local answered passed

	answered=$(counter syn_answered)
	passed=$(counter syn_has_socket)
	[ "$(sockets reuse 100 "$1" 8081)" = 100 ]
	[ $(($(counter syn_answered) - answered)) = 1 ]
	[ $(($(counter syn_has_socket) - passed)) = 99 ]
}

@test "a tuple in TIME_WAIT is reused at once, 100 of 100" {
	reused $srv4
}

@test "a tuple in TIME_WAIT is reused at once, 100 of 100, over IPv6" {
	reused $srv6
}

@test "a client that forgot its connection gets a new one on the tuple" {
	challenged=$(kernel_counter TcpExtTCPSYNChallenge)
	[ "$(sockets forget $srv4 8080)" = 5 ]
	[ "$(sockets forget $srv6 8080)" = 5 ]
	[ "$(kernel_counter TcpExtTCPSYNChallenge)" = $((challenged + 2)) ]
}

# request_kept: the kernel's half-open request is answered for by the kernel
request_kept()
{
	local passed

	synward mode off
	start_tuples request
	[ "$(hear)" = answered ]
	synward mode always
	issue_cookie
	passed=$(counter syn_has_socket)
	tell go
	said=$(hear)
	echo "$said"
	[ "$said" = "same A-old 5" ]
	[ $(($(counter syn_has_socket) - passed)) = 2 ]
	wait "$client"
}

@test "a SYN on a half-open request of the kernel's is the kernel's" {
	request_kept
}

@test "a SYN on a half-open request of the kernel's is the kernel's, IPv6" {
	raw_env=("${raw_env6[@]}")
	request_kept
}
