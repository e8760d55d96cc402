#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is none of synward's business: frames for others, closed ports, and
# what a neighbour would like to pass for ours.

load tuples

setup_file()
{
	net_up
	# tags stay in the frames
	"${in_srv[@]}" ethtool -K srv rxvlan off >/dev/null
	start_server 8080
	start_server 8090
	"${in_atk[@]}" ip link add near type veth peer name far
	"${in_atk[@]}" ip link set near up
	"${in_atk[@]}" ip link set far up
}

teardown_file()
{
	net_down
}

teardown()
{
	synward detach --all --grace 0 >/dev/null 2>&1 || true
}

# none_touched: each frame of passing.py's reaches the kernel byte by byte
none_touched()
{
	env RAW_DEV=atk "RAW_MAC=$srv_mac" RAW_PORT=8080 \
		"SRV4=$srv4" "SRV6=$srv6" "${in_srv[@]}" /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/passing.py" "/run/netns/$atk_ns" \
		>"$stage/untouched"
	cat "$stage/untouched"
	[ "$(wc -l <"$stage/untouched")" = 1 ]
	[ "$(cat "$stage/untouched")" -ge 150 ]
}

@test "without synward the kernel sees each frame of the next tests" {
	none_touched
}

@test "frames for others and from impossible sources pass untouched" {
	synward attach srv --mode always
	issue_cookie
	none_touched
	[ "$(counter syn_answered)" = 1 ]
	[ "$(counter ack_bad)" = 0 ]
	counted foreign_mac 10
	counted foreign_address 10
	counted not_examined 10
}

@test "frames for others pass untouched in generic mode, too" {
	synward attach srv --mode always --xdp generic
	issue_cookie
	none_touched
	[ "$(counter syn_answered)" = 1 ]
}

# ---- ports -------------------------------------------------------------

# scan NMAP-OPTION...: "PORT STATE" of some open and some closed ports
scan()
{
	"${in_atk[@]}" nmap "$@" -n -Pn --disable-arp-ping -T4 --max-retries 3 \
		-p 1,22,80,443,8080-8084,8090,40000,65535 -oG - |
		grep -oE '[0-9]+/[a-z|]+/tcp' | sort
}

# scans: every kind over IPv4 and IPv6
scans()
{
	local kind

	for kind in "$@"; do
		echo "$kind"
		scan "$kind" $srv4
		scan "$kind" -6 $srv6
	done
}

@test "ports are as open or closed to nmap as without synward" {
	scans -sS -sF -sA >"$stage/without"
	[ "$(grep -c '8080/open/' "$stage/without")" = 2 ]
	[ "$(grep -c '8081/closed/' "$stage/without")" = 4 ]
	[ "$(grep -c '8081/unfiltered/' "$stage/without")" = 2 ]
	synward attach srv
	scans -sS -sF -sA | diff "$stage/without" -
	[ "$(counter syn_answered)" = 0 ]
	synward mode always
	# before a cookie is issued no ACK is looked at
	scans -sA >"$stage/ack"
	scans -sS -sF | cat - "$stage/ack" | diff "$stage/without" -
	counted syn_answered 4
}

@test "while challenged, bad ACKs to open ports are dropped, to closed not" {
	synward attach srv --mode always
	issue_cookie
	scan -sA $srv4 >"$stage/ack"
	grep -qx '8080/filtered/tcp' "$stage/ack"
	grep -qx '8081/unfiltered/tcp' "$stage/ack"
	counted ack_bad 1
}

# ---- a neighbour's metadata --------------------------------------------

# magic: of the programs that are loaded, which nobody else can read
magic()
{
	local id prog

	prog=$(bpftool -j link show pinned "$pin_dir/srv/xdp" | jq .prog_id)
	for id in $(bpftool -j prog show id "$prog" | jq '.map_ids[]'); do
		if bpftool -j map show id "$id" | grep -q rodata; then
			bpftool map dump id "$id" |
				sed -n 's/.*"magic": \([0-9]*\).*/\1/p'
		fi
	done
}

# forged_mark MAGIC WRONG: struct leave_mark that says VALID, in hex; WRONG: bits
# to turn in the magic
forged_mark()
{
	/usr/bin/python3 -c "
import struct, sys
attrs = struct.pack('=IIH7B3x', 1001, 5, 1460, 7, 7, 0, 1, 1, 1, 0)
print((struct.pack('=IHH', int(sys.argv[1]) ^ int(sys.argv[2]),
                   2, 1) + attrs).hex())" "$@"
}

# send_ack: an ACK of nothing, in a cut of 64 bytes, to the neighbour's door;
# nobody listens on the way, or veth would copy the skb without metadata
send_ack()
{
	env "RAW_MAC=$srv_mac" "RAW_DST=$srv4" "${in_atk[@]}" \
		/usr/bin/python3 - <<-'END'
	import os, socket
	from scapy.all import IP, TCP, Ether, raw
	frame = Ether(src="02:00:00:00:00:78", dst=os.environ["RAW_MAC"]) \
	    / IP(src="192.0.2.77", dst=os.environ["RAW_DST"]) \
	    / TCP(sport=40001, dport=8080, flags="A", seq=1000, ack=2000,
	          options=[("NOP", None), ("NOP", None), ("Timestamp", (2, 5))])
	door = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
	door.bind(("near", 0))
	door.send(bytes(64) + raw(frame))
	END
}

# forged_opens_nothing HOW WRONG: HOW: xdp or tc. No cookie was issued, so that
# XDP lets the ACK through
forged_opens_nothing()
{
	local before reset

	before=$(kernel_counter TcpPassiveOpens)
	reset=$(kernel_counter TcpOutRsts)
	coproc FORGE { exec "${in_atk[@]}" "$tools/forge" "$1" far atk \
		"$(forged_mark "$(magic)" "$2")"; }
	remember_pid "$FORGE_PID"
	read -r -t 10 word <&"${FORGE[0]}"
	[ "$word" = attached ]
	send_ack
	eval "exec ${FORGE[1]}>&-"
	# the kernel's answer, if no mark was believed
	wait_for 5 reset_sent $((reset + 1)) || true
	[ "$(kernel_counter TcpPassiveOpens)" = "$before" ]
	[ "$(counter tc_socket_made)" = 0 ]
	counted service_idle 1
	reset_sent $((reset + 1))
}

reset_sent()
{
	[ "$(kernel_counter TcpOutRsts)" -ge "$1" ]
}

@test "metadata forged by a neighbour's XDP redirect opens nothing" {
	synward attach srv --mode always
	forged_opens_nothing xdp 0
}

@test "metadata guessed by a neighbour's tc redirect opens nothing" {
	synward attach srv --mode always
	forged_opens_nothing tc 1
	forged_opens_nothing tc $((1 << 31))
	[ "$(counter tc_forged)" = 0 ]
}

# What an skb brings with it XDP does not see; TC believes the cookie alone.
@test "metadata with the right magic opens nothing either, and is counted" {
	synward attach srv --mode always
	forged_opens_nothing tc 0
	[ "$(counter tc_forged)" = 1 ]
}
