#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a SYN-ACK announces, held against the kernel's own, for listeners with
# buffers, clamps and MSS of their own, under sysctls that change while synward
# is attached, and for cables of other lengths of frames. In each of these a
# second client sends all that was announced in the same batch as its ACK, to a
# server that does not read.

load net

setup_file()
{
	net_up
	"${in_srv[@]}" ethtool -K srv tx off >/dev/null
	"${in_atk[@]}" ethtool -K atk gro off >/dev/null
	synward attach srv --mode off
	run_rows listeners
	run_rows sysctls
	run_rows in_flight
	cable_mtu 1280
	run_rows mtu 1280
	jumbo_frames
	cable_mtu 9000
	run_rows mtu 9000
}

teardown_file()
{
	net_down
}

matrix()
{
	"${in_srv[@]}" env "MATRIX_ATK_NS=$atk_ns" "MATRIX_SRV_MAC=$srv_mac" \
		"MATRIX_INJECT=$tools/inject" \
		/usr/bin/python3 -B "$BATS_TEST_DIRNAME/matrix.py" "$@"
}

# run_rows ROWS [SUFFIX]: with the kernel alone, then with cookies
run_rows()
{
	synward mode off
	matrix run "$stage/$1$2.kernel" "$1"
	synward mode always
	matrix run "$stage/$1$2.synward" "$1"
}

cable_mtu()
{
	"${in_srv[@]}" ip link set dev srv mtu "$1"
	"${in_atk[@]}" ip link set dev atk mtu "$1"
}

# A driver takes frames above one page only with programs that can do frags.
jumbo_frames()
{
	"${in_atk[@]}" ip link set dev atk xdpdrv off
	"${in_atk[@]}" ip link set dev atk \
		xdpdrv obj "$tools/jumbo.bpf.o" sec xdp.frags
}

# judge RUN OPTION...: the same as by the kernel, the window the socket's, the
# scale too, and nothing lost of a whole window behind the ACK
judge()
{
	matrix judge "$stage/$1.kernel" "$stage/$1.synward" "${@:2}"
}

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
