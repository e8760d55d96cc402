#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients while a flood runs, and what is said of it.

load net

setup()
{
	net_up
	start_server 8080 128
}

teardown()
{
	net_down
}

half_open_now()
{
	"${in_srv[@]}" ss -Hnt state syn-recv | wc -l
}

# in_words PATTERN: status says so
in_words()
{
	synward status | grep -qi "$1"
}

@test "adaptive: clients are served in a flood, and status says so in words" {
	synward attach srv
	in_words "no attack"
	start_flood 50000 8
	wait_for 5 in_words "under attack"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(count_bytes $srv4 6000)" = 6000 ]
	done
	# start is 25 % of 128; a batch that comes at once may step over it
	[ "$(half_open_now)" -ge 16 ]
	[ "$(half_open_now)" -le 96 ]
	wait $flood_pid
}

@test "without synward the same flood fills the queue" {
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_syncookies=0
	start_flood 50000 4
	wait_for 4 half_open_reaches 96
	run "${in_atk[@]}" timeout 2 bash -c "exec 3<>/dev/tcp/$srv4/8080"
	[ "$status" != 0 ]
	wait $flood_pid || true
}

half_open_reaches()
{
	[ "$(half_open_now)" -ge "$1" ]
}

@test "hping3 with random sources: clients are served" {
	synward attach srv
	"${in_atk[@]}" setpriv --pdeathsig TERM timeout 10 hping3 --quiet \
		--flood --rand-source --count 300000 --syn --destport 8080 \
		--interface atk $srv4 >/dev/null 2>&1 3>&- &
	remember_pid $!
	wait_for 5 counted syn_answered 10000
	[ "$(count_bytes $srv4 6000)" = 6000 ]
	[ "$(count_bytes $srv6 6000)" = 6000 ]
}

@test "the statistics add up after a flood" {
	synward attach srv --mode always
	start_flood 20000 3
	count_bytes $srv4 100
	wait $flood_pid
	sent=$(sed -n 's/.*sent \([0-9]*\) .*/\1/p' "$stage/flood")
	[ "$(counter syn_answered)" = $((sent + 1)) ]
	[ "$(counter ack_valid)" = 1 ]
	[ "$(counter tc_socket_made)" = 1 ]
	[ "$(half_open syn_challenged)" = $((sent + 1)) ]
	[ "$(half_open syn_seen)" = $((sent + 1)) ]
	wait_for 5 open_cookies_are "$sent"
}

open_cookies_are()
{
	[ "$(bpftool -j map dump pinned "$pin_dir/maps/sw_totals" |
		jq '.[0].formatted.value.sum.cookies_open')" = "$1" ]
}

@test "observe: a flood is counted, not answered, and reaches the kernel" {
	synward attach srv --mode observe
	start_flood 2000 3
	wait_for 5 counted would_syn_answered 100
	wait $flood_pid
	[ "$(counter syn_answered)" = 0 ]
	[ "$(half_open_now)" -gt 32 ]
}

@test "mode off ends the challenge and cookies in flight still work" {
	synward attach srv --mode always
	coproc HELD { raw_client hold 1500; }
	held=$HELD_PID
	wait_for 5 counted syn_answered 1
	synward mode off
	read -r -t 20 port _ <&"${HELD[0]}"
	wait_for 5 counted tc_socket_made 1
	eval "exec ${HELD[1]}>&-"
	wait "$held"
}

@test "detach under load fails no connection" {
	netns_nginx 80
	remember_pid "$nginx_pid"
	synward attach srv --mode always
	"${in_atk[@]}" "$NETNS_BUILD/tests/bench/clients" --dst $srv4 \
		--port 80 --rate 100 --count 500 --timeout 5 --json \
		>"$stage/clients" 3>&- &
	pid=$!
	wait_for 5 counted tc_socket_made 50
	synward detach srv --grace 1
	wait $pid
	[ "$(jq .served "$stage/clients")" = 500 ]
}
