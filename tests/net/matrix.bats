#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a handshake negotiates while every SYN is challenged, held against one
# with the kernel alone: timestamps, SACK, window scaling, ECN on and off, seven
# MSS, IPv4 and IPv6, frames of 1,500 and of 9,000 bytes; SYNs of other systems
# and broken ones. All of it was captured, and tshark has read it.

load matrix

setup_file()
{
	matrix_up
	capture_start
	run_rows ethernet options
	run_rows syns syns_of_others
	cable_jumbo
	run_rows jumbo options
	capture_stop
}

teardown_file()
{
	net_down
}

# ---- the capture -------------------------------------------------------

capture_start()
{
	"${in_atk[@]}" setpriv --pdeathsig TERM dumpcap -q -i atk -B 64 \
		-w "$stage/wire.pcapng" >"$stage/dumpcap" 2>&1 3>&- &
	dumpcap_pid=$!
	remember_pid $dumpcap_pid
	wait_for 10 grep -q '^File:' "$stage/dumpcap"
}

# Its last frame is in the file, and so is all before it.
capture_stop()
{
	"${in_atk[@]}" bash -c "echo end >/dev/udp/$srv4/9"
	wait_for 30 captured 'udp.dstport == 9'
	kill $dumpcap_pid
	wait $dumpcap_pid
}

# captured FILTER [OPTION...]: the frames; 1 if there is none, 2 if unreadable
captured()
{
	local filter=$1

	shift
	tshark -r "$stage/wire.pcapng" -o tcp.check_checksum:TRUE \
		-o ip.check_checksum:TRUE -Y "$filter" "$@" \
		>"$stage/captured" 2>"$stage/tshark" || return 2
	grep . "$stage/captured"
}

# none_captured FILTER [OPTION...]
none_captured()
{
	run captured "$@"
	head -n 5 "$stage/captured" "$stage/tshark"
	[ "$status" = 1 ]
}

# ---- the matrix --------------------------------------------------------

# same_as_kernel VERSION MSS: each of four options on and off
same_as_kernel()
{
	judge ethernet --version "$1" --group "$2" --expect 16
	judge jumbo --version "$1" --group "$2" --expect 16
}

@test "IPv4, MSS 536: 16 sets of options end as with the kernel alone" {
	same_as_kernel 4 536
}

@test "IPv4, MSS 1220: 16 sets of options end as with the kernel alone" {
	same_as_kernel 4 1220
}

@test "IPv4, MSS 1400: 16 sets of options end as with the kernel alone" {
	same_as_kernel 4 1400
}

@test "IPv4, MSS 1452: 16 sets of options end as with the kernel alone" {
	same_as_kernel 4 1452
}

@test "IPv4, MSS 1460: 16 sets of options end as with the kernel alone" {
	same_as_kernel 4 1460
}

@test "IPv4, MSS 8960: 16 sets of options end as with the kernel alone" {
	same_as_kernel 4 8960
}

@test "IPv4, no MSS: 16 sets of options end as with the kernel alone" {
	same_as_kernel 4 absent
}

@test "IPv6, MSS 536: 16 sets of options end as with the kernel alone" {
	same_as_kernel 6 536
}

@test "IPv6, MSS 1220: 16 sets of options end as with the kernel alone" {
	same_as_kernel 6 1220
}

@test "IPv6, MSS 1400: 16 sets of options end as with the kernel alone" {
	same_as_kernel 6 1400
}

@test "IPv6, MSS 1452: 16 sets of options end as with the kernel alone" {
	same_as_kernel 6 1452
}

@test "IPv6, MSS 1460: 16 sets of options end as with the kernel alone" {
	same_as_kernel 6 1460
}

@test "IPv6, MSS 8960: 16 sets of options end as with the kernel alone" {
	same_as_kernel 6 8960
}

@test "IPv6, no MSS: 16 sets of options end as with the kernel alone" {
	same_as_kernel 6 absent
}

# MSS, scale and SACK as the server's socket has them.
@test "without timestamps ECN is lost, and what lies between the profiles" {
	diff - <(matrix losses "$stage/jumbo.synward") <<-'END'
	          offered   SACK, scale 7   SACK            scale 7         neither
	IPv4, MSS 536       536  0 -        536  - -        536  0 -        536  - -
	IPv4, MSS 1220      1220 5 SACK     1220 - SACK     536  0 -        1220 - -
	IPv4, MSS 1400      1360 7 SACK     1220 - SACK     536  0 -        1220 - -
	IPv4, MSS 1452      1360 7 SACK     1220 - SACK     536  0 -        1220 - -
	IPv4, MSS 1460      1460 7 SACK     1460 - SACK     536  0 -        1460 - -
	IPv4, MSS 8960      1460 7 SACK     1460 - SACK     536  0 -        1460 - -
	IPv4, MSS absent    536  0 -        536  - -        536  0 -        536  - -
	IPv6, MSS 536       1220 5 SACK     1220 - SACK     1220 0 -        1220 - -
	IPv6, MSS 1220      1220 5 SACK     1220 - SACK     1220 0 -        1220 - -
	IPv6, MSS 1400      1360 7 SACK     1220 - SACK     1220 0 -        1220 - -
	IPv6, MSS 1452      1360 7 SACK     1220 - SACK     1220 0 -        1220 - -
	IPv6, MSS 1460      1460 7 SACK     1460 - SACK     1220 0 -        1460 - -
	IPv6, MSS 8960      1460 7 SACK     1460 - SACK     1220 0 -        1460 - -
	IPv6, MSS absent    1220 5 SACK     1220 - SACK     1220 0 -        1220 - -
	END
}

@test "SYNs as of Windows, macOS, scanners and p0f end as with the kernel" {
	judge syns --group systems --expect 44
}

@test "options in any order, padded, broken, repeated end as with the kernel" {
	judge syns --group odd --expect 78
}

@test "each connection of the matrix came of a cookie, none of another" {
	local rows=$((224 + 122 + 224))

	[ "$(counter syn_answered)" = $rows ]
	[ "$(counter ack_valid)" = $rows ]
	[ "$(counter tc_socket_made)" = $rows ]
	[ "$(counter ack_bad)" = 0 ]
}

# ---- as tshark sees it -------------------------------------------------

@test "the capture holds every handshake of the matrix" {
	local synacks=$((2 * (224 + 122 + 224)))

	grep -q "dropped on interface 'atk': [0-9]*/0 " "$stage/dumpcap"
	[ "$(captured 'tcp.flags & 0x17 == 0x12' | wc -l)" = $synacks ]
	[ "$(captured 'tcp.len > 0' | wc -l)" -ge $((4 * synacks)) ]
}

@test "tshark sees no checksum error in a capture of the matrix" {
	# 1: verified and good. Where it comes out as 0 the kernel writes its other
	# form, as for UDP (CSUM_MANGLED_0): one segment in 65,536.
	none_captured 'ip.checksum.status != 1 ||
		(tcp.checksum.status != 1 && !tcp.checksum.ffff)'
	captured 'tcp.checksum.status == 1' >/dev/null
}

# Some SYNs are broken on purpose; the server's answers are not.
@test "tshark sees no malformed packet in a capture of the matrix" {
	none_captured "(_ws.malformed || _ws.expert.severity == error) &&
		(eth.src == $srv_mac || tcp.flags.syn == 0)"
}

# One that comes 200 ms or more after the first (Linux's least timeout) says
# that the client, a process, was not awake to acknowledge.
@test "tshark sees no unexplained retransmission in a capture of the matrix" {
	none_captured \
		'tcp.analysis.retransmission && !(tcp.analysis.rto >= 0.19)'
	none_captured 'tcp.analysis.fast_retransmission ||
		tcp.analysis.duplicate_ack || tcp.analysis.out_of_order ||
		tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment'
}
