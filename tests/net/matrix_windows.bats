#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a SYN-ACK announces, held against the kernel's own, for listeners with
# buffers, clamps and MSS of their own, under sysctls that change while synward
# is attached, and for cables of other lengths of frames. In each of these a
# second client sends all that was announced in the same batch as its ACK, to a
# server that does not read.

load matrix

setup_file()
{
	matrix_up
	run_rows listeners listeners
	run_rows sysctls sysctls
	run_rows in_flight in_flight
	cable_mtu 1280
	run_rows mtu1280 mtu
	cable_jumbo
	run_rows mtu9000 mtu
}

teardown_file()
{
	net_down
}

# A row passes if all is as by the kernel, the window and its scale are the
# socket's, and nothing was lost of a whole window behind the ACK.

@test "for each SO_RCVBUF the window is what the socket accepts at once" {
	judge listeners --group rcvbuf --expect 48
}

@test "TCP_WINDOW_CLAMP and TCP_MAXSEG of the listener bind what is announced" {
	judge listeners --group listener --expect 44
}

@test "sysctls that change while attached are those of the next handshake" {
	judge sysctls --group live --expect 64
}

@test "tcp_rmem that a listener was opened under is the window's" {
	judge sysctls --group fresh --expect 20
}

@test "a sysctl that goes off after the SYN-ACK costs no connection" {
	judge in_flight --expect 16
}

@test "MTU 1280: the window is what the socket accepts at once" {
	judge mtu1280 --expect 24
}

@test "MTU 9000: the window is what the socket accepts at once" {
	judge mtu9000 --expect 24
}

@test "each of these connections came of a cookie" {
	# all rows, and a second connection for those that are filled
	local rows=$((92 + 88 + 84 + 84 + 16 + 2 * (24 + 24)))

	[ "$(counter syn_answered)" = $rows ]
	[ "$(counter tc_socket_made)" = $rows ]
	[ "$(counter ack_bad)" = 0 ]
	[ "$(counter tc_no_child)" = 0 ]
}
