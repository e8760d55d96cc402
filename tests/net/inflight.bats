#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is in flight when synward comes, goes, begins or ends its challenges:
# connections, handshakes, cookies of the kernel's and of ours.

load tuples

setup_file()
{
	net_up
	start_server 8080
}

teardown_file()
{
	net_down
}

setup()
{
	[ -e "$pin_dir" ] || synward attach srv --mode always
	synward mode always >/dev/null
}

@test "handshakes in progress when challenges begin finish" {
	synward mode off
	start_tuples begun 20
	[ "$(hear)" = 20 ]
	synward mode always
	issue_cookie
	tell go
	[ "$(hear)" = 20 ]
	wait "$client"
}

@test "handshakes in progress at attach finish" {
	synward detach srv --grace 0
	start_tuples begun 20
	[ "$(hear)" = 20 ]
	synward attach srv --mode always
	issue_cookie
	tell go
	[ "$(hear)" = 20 ]
	wait "$client"
	[ "$(counter ack_bad)" = 0 ]
}

# With a backlog of 4, the kernel answers most of 20 SYNs with cookies.
kernel_cookies_finish()
{
	local sent

	synward detach srv --grace 0
	netns_listens 8082 || start_server 8082 4
	sent=$(kernel_counter TcpExtSyncookiesSent)
	raw_env+=(RAW_PORT=8082)
	start_tuples begun 20
	[ "$(hear)" = 20 ]
	sent=$(($(kernel_counter TcpExtSyncookiesSent) - sent))
	[ "$sent" -ge 10 ]
	synward attach srv --mode always
	issue_cookie 8082
	tell go
	[ "$(hear)" = 20 ]
	wait "$client"
	[ "$(counter ack_kernel_cookie)" -ge "$sent" ]
	[ "$(counter ack_bad)" = 0 ]
}

@test "the kernel's cookies in flight at attach finish" {
	kernel_cookies_finish
}

@test "the kernel's cookies in flight at attach finish, IPv6" {
	raw_env=("${raw_env6[@]}")
	kernel_cookies_finish
}

@test "connections opened before attach live on, and over detach" {
	synward detach srv --grace 0
	coproc CLIENT { sockets live 8080 $srv4 $srv6 3>&-; }
	client=$CLIENT_PID
	[ "$(hear)" = open ]
	synward attach srv --mode always
	issue_cookie
	tell go
	[ "$(hear)" = sent ]
	# the flow of data: none of it is looked at as a handshake's
	wait_for 5 counted ack_has_socket 10
	[ "$(counter ack_bad)" = 0 ]
	[ "$(counter ack_valid)" = 1 ]
	synward detach srv --grace 0
	tell go
	[ "$(hear)" = sent ]
	eval "exec ${CLIENT[1]}>&-"
	[ "$(hear)" = "200000 200000" ]
	wait "$client"
}

# ---- a gate that opens in mid-handshake --------------------------------

# stale_answered WHICH: the SYN's first answer was ours, the second the
# kernel's, and the client believes the first
stale_answered()
{
	start_tuples stale "$1"
	[ "$(hear)" = answered ]
	open_gate
	tell go
	result=$(hear)
	echo "$result"
	[ "$result" = 5 ]
	wait "$client"
}

open_gate()
{
	synward mode off
}

@test "a gate that opens before the SYN is sent again resets nobody" {
	stale_answered ack
}

@test "nor if the ACK comes behind the kernel's SYN-ACK" {
	stale_answered synack
}

@test "a gate that opens in mid-handshake resets nobody, IPv6" {
	raw_env=("${raw_env6[@]}")
	stale_answered ack
	synward mode always
	stale_answered synack
}

@test "a detach that drains resets nobody in mid-handshake" {
	open_gate()
	{
		"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pin_dir" \
			detach srv --grace 20 3>&- &
		detach=$!
		remember_pid $detach
		wait_for 5 draining
	}
	stale_answered ack
	kill $detach
	run wait $detach
}

draining()
{
	synward -j status | jq -e '.interfaces[0].draining' >/dev/null
}
