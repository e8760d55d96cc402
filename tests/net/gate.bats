#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How much of a queue a flood can hold, and when the gate opens again.

load net

# A stage for each test: requests outlive their listener.
setup()
{
	net_up
}

teardown()
{
	net_down
}

# listen BACKLOG [MEMBERS]: on port 8080, members of one SO_REUSEPORT group;
# nobody accepts
listen()
{
	"${in_srv[@]}" setpriv --pdeathsig TERM /usr/bin/python3 - "$@" \
		>/dev/null 2>&1 3>&- <<-'END' &
	import signal, socket, sys
	backlog, members = int(sys.argv[1]), int((sys.argv[2:] or [1])[0])
	group = [socket.socket(socket.AF_INET6) for _ in range(members)]
	for s in group:
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
	    s.bind(("::", 8080))
	for s in group:
	    s.listen(backlog)
	signal.pause()
	END
	remember_pid $!
	wait_for 10 listeners_are "${2:-1}"
}

listeners_are()
{
	[ "$("${in_srv[@]}" ss -Hltn "sport = :8080" | wc -l)" = "$1" ]
}

half_open_now()
{
	"${in_srv[@]}" ss -Hnt state syn-recv | wc -l
}

# The most that was seen at once while the flood went on.
half_open_peak()
{
	local peak=0 now

	while kill -0 $flood_pid 2>/dev/null; do
		now=$(half_open_now)
		[ "$now" -le $peak ] || peak=$now
	done
	echo $peak
}

# start is 25 %; before the kernel's count moves, one receive CPU may let in as
# many again at a clock tick, but no more than a batch that IP sees at once, 8
# flood_holds START MOST
flood_holds()
{
	local peak

	synward attach srv
	start_flood 200000 3
	peak=$(half_open_peak)
	wait $flood_pid
	echo "peak $peak, $1 to $2, answered $(counter syn_answered)"
	[ "$peak" -ge "$1" ]
	[ "$peak" -le "$2" ]
	[ "$(counter syn_answered)" -gt 50000 ]
}

@test "a backlog of 1: 200,000 spoofed SYN/s hold 1 entry and a credit" {
	listen 1
	flood_holds 1 2
}

@test "a backlog of 5: 200,000 spoofed SYN/s hold 1 entry and a credit" {
	listen 5
	flood_holds 1 2
}

@test "a backlog of 16: 200,000 spoofed SYN/s hold 4 entries and a credit" {
	listen 16
	flood_holds 4 8
}

@test "a backlog of 128: 200,000 spoofed SYN/s hold 32 entries and a credit" {
	listen 128
	flood_holds 32 40
}

@test "a backlog of 4,096: 200,000 spoofed SYN/s hold 1,024 entries and a credit" {
	listen 4096
	flood_holds 1024 1032
}

@test "three reuseport listeners: 200,000 spoofed SYN/s hold 4 entries and a credit of each" {
	listen 16 3
	flood_holds 12 24
	[ "$(gates)" = 3 ]
}

# How many listeners have a gate of their own.
gates()
{
	bpftool -j map dump pinned "$pin_dir/maps/sw_gates" | jq length
}

# burst FIRST_PORT: 64 SYNs from there on, in one run of the server's NAPI
burst()
{
	"${in_atk[@]}" /usr/bin/python3 - "$1" $srv_mac $srv4 <<-'END' |
	import sys
	from scapy.all import IP, TCP, Ether, raw
	first, mac, server = int(sys.argv[1]), *sys.argv[2:]
	for port in range(first, first + 64):
	    print(raw(Ether(dst=mac, src="02:00:00:00:00:02") /
	              IP(src="198.51.100.9", dst=server) /
	              TCP(sport=port, dport=8080, flags="S")).hex())
	END
		"${in_atk[@]}" "$tools/inject" atk
}

@test "bursts of 64 hold 4 entries of 16 and a credit" {
	listen 16
	synward attach srv
	for first in 10000 20000 30000; do
		burst $first
		wait_for 5 counted syn_answered $(((first / 10000) * 64 - 8))
		[ "$(half_open_now)" -ge 4 ]
		[ "$(half_open_now)" -le 8 ]
	done
	[ $(($(counter syn_answered) + $(counter syn_calm))) = 192 ]
}

@test "one listener's flood challenges nobody at another" {
	listen 16
	start_server 9090
	synward attach srv
	start_flood 50000 3
	wait_for 5 counted syn_answered 1000
	calm=$(counter syn_calm)
	raw_env=(RAW_PORT=9090)
	[ "$(raw_client syn)" = SA ]
	[ $(($(counter syn_calm) - calm)) = 1 ]
	wait $flood_pid
}

one_more_calm()
{
	local calm

	calm=$(counter syn_calm)
	count_bytes $srv4 100 >/dev/null
	[ "$(counter syn_calm)" -gt "$calm" ]
}

@test "the gate opens when the queue has emptied, though clients come all the while" {
	# a half-open entry lives for 1 s
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_synack_retries=0
	start_server 8080 128
	synward attach srv
	start_flood 20000 2
	wait_for 5 counted syn_answered 1000
	wait $flood_pid
	[ "$(count_bytes $srv4 100)" = 100 ]
	counted tc_socket_made 1
	wait_for 20 one_more_calm
}

@test "--start and --end are changed while it runs" {
	listen 128
	synward attach srv --start 100 --end 100
	synward status | grep -q "adaptive (start 100%, end 100%)"
	synward mode adaptive --start 10
	synward status | grep -q "adaptive (start 10%, end 5%)"
	synward mode adaptive --end 2
	synward -j status | jq -e '.start_percent == 10 and .end_percent == 2'
	start_flood 20000 2
	peak=$(half_open_peak)
	[ "$peak" -ge 12 ]
	[ "$peak" -le 24 ]
}
