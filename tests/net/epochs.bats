#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Time and keys go on while clients are in mid-handshake. Epochs pass by
# moving synward's offset, and no clock of this machine's.

load net

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
	held_ports=0
	synward attach srv --mode always
}

teardown()
{
	synward detach --all --grace 0 || true
}

# epoch [WORD N]: see epoch.c
epoch()
{
	"$tools/epoch" "$pin_dir/maps/sw_config" "$@"
}

# begin_held COUNT: four times COUNT handshakes, held; see held.py. Each time
# from other ports: the server still has the connections of those before.
begin_held()
{
	local port=$((20000 + BATS_TEST_NUMBER * 400 + held_ports))

	held_ports=$((held_ports + 4 * $1))
	coproc HELD {
		env RAW_DEV=atk "RAW_MAC=$srv_mac" RAW_PORT=8080 \
			RAW_SRC=192.0.2.77 "RAW_DST=$srv4" \
			RAW_SRC6=2001:db8:1::77 "RAW_DST6=$srv6" \
			"${in_atk[@]}" /usr/bin/python3 \
			"$BATS_TEST_DIRNAME/held.py" "$1" $port
	}
	held=$HELD_PID
	held_n=$((4 * $1))
	read -r -t 60 -u "${HELD[0]}" line
	[ "$line" = "held $held_n" ]
}

# tell WORD: prints the answer
tell()
{
	local line

	echo "$1" >&"${HELD[1]}"
	read -r -t 60 -u "${HELD[0]}" line
	echo "$line"
}

end_held()
{
	eval "exec ${HELD[1]}>&-"
	wait "$held"
}

# all_made: the held ACKs go out; every client is served
all_made()
{
	[ "$(tell finish)" = "$held_n" ]
	end_held
	[ "$(counter tc_socket_made)" = "$held_n" ]
	[ "$(counter ack_old)" = 0 ]
	[ "$(counter ack_bad)" = 0 ]
}

in_force()
{
	synward -j keys | jq -e '.keys[] | select(.in_force) | .generation'
}

@test "an ACK held within its epoch is accepted" {
	now=$(epoch begin 1)
	begin_held 1
	[ "$(epoch)" = "$now" ]
	all_made
}

@test "an ACK held until the next epoch is accepted" {
	epoch begin 1
	begin_held 1
	epoch begin 1
	all_made
}

@test "an ACK held while the epoch turns by itself is accepted" {
	now=$(epoch begin 1)
	epoch end 5000
	begin_held 1
	wait_for 30 turned "$now"
	[ "$(epoch)" = $((now + 1)) ]
	all_made
}

turned()
{
	[ "$(epoch)" != "$1" ]
}

@test "an ACK held to the end of the next epoch is accepted" {
	epoch begin 1
	begin_held 1
	epoch begin 1
	epoch end 20000
	all_made
}

@test "an ACK held for two epochs is refused in silence and counted as old" {
	epoch begin 1
	begin_held 1
	epoch begin 2
	for ((n = 1; n <= held_n; n++)); do
		[ "$(tell ack)" = sent ]
		wait_for 5 counted ack_old $n
	done
	[ "$(counter ack_old)" = "$held_n" ]
	[ "$(counter ack_bad)" = 0 ]
	[ "$(counter tc_socket_made)" = 0 ]
	[ "$(tell replies)" = 0 ]
	[ "$(half_open cookies_old)" = "$held_n" ]
	end_held
}

@test "keys are rotated between SYN-ACK and ACK" {
	epoch begin 1
	begin_held 1
	synward keys rotate
	[ "$(in_force)" = 1 ]
	all_made
}

@test "the new key takes over between SYN-ACK and ACK" {
	epoch begin 1
	synward keys rotate
	epoch begin 1
	begin_held 1
	[ "$(in_force)" = 1 ]
	epoch begin 1
	[ "$(in_force)" = 2 ]
	all_made
}

@test "keys are rotated in one epoch and the new one takes over in the next but one: a cookie in between is accepted, one from before is old" {
	epoch begin 1
	begin_held 1
	synward keys rotate
	epoch begin 2
	[ "$(in_force)" = 2 ]
	[ "$(tell ack)" = sent ]
	wait_for 5 counted ack_old 1
	end_held
	[ "$(counter tc_socket_made)" = 0 ]
	begin_held 1
	epoch begin 1
	[ "$(tell finish)" = "$held_n" ]
	end_held
	[ "$(counter ack_bad)" = 0 ]
}

@test "a second rotation, as early as it may be, loses no cookie" {
	epoch begin 1
	synward keys rotate
	epoch begin 2
	begin_held 1
	run synward keys rotate
	[ "$status" = 2 ]
	epoch begin 1
	synward keys rotate
	[ "$(in_force)" = 2 ]
	all_made
}

@test "40 held ACKs survive rotation and takeover" {
	epoch begin 1
	synward keys rotate
	epoch begin 1
	begin_held 10
	[ "$(in_force)" = 1 ]
	epoch begin 1
	[ "$(in_force)" = 2 ]
	all_made
}

# start_clients: sockets that connect, one after the other, until $stage/stop
# exists; one line in $stage/served for each that was served
start_clients()
{
	"${in_atk[@]}" setpriv --pdeathsig TERM /usr/bin/python3 - $srv4 \
		$srv6 "$stage" >"$stage/clients" 2>&1 3>&- <<-'END' &
	import os, socket, sys, time
	*servers, stage = sys.argv[1:]
	with open(stage + "/served", "w", buffering=1) as served:
	    while not os.path.exists(stage + "/stop"):
	        for server in servers:
	            s = socket.create_connection((server, 8080), timeout=10)
	            s.sendall(b"x" * 100)
	            s.shutdown(socket.SHUT_WR)
	            if int(s.recv(100)) != 100:
	                sys.exit("bytes are missing")
	            print("served", file=served)
	            time.sleep(0.01)
	END
	clients=$!
	remember_pid $clients
}

served()
{
	wc -l <"$stage/served"
}

served_beyond()
{
	[ -e "$stage/served" ] && [ "$(served)" -ge "$1" ]
}

# more_served N: N connections more, from now on
more_served()
{
	wait_for 60 served_beyond $(($(served) + $1))
}

@test "of clients that connect while keys are rotated and the new one takes over nobody is dropped" {
	epoch begin 1
	start_clients
	wait_for 30 served_beyond 25
	synward keys rotate
	more_served 25
	epoch begin 1
	[ "$(in_force)" = 1 ]
	more_served 25
	epoch begin 1
	[ "$(in_force)" = 2 ]
	more_served 25
	epoch begin 1
	synward keys rotate
	more_served 25
	touch "$stage/stop"
	wait $clients
	[ "$(served)" -ge 100 ]
	[ "$(counter tc_socket_made)" = "$(served)" ]
	[ "$(counter ack_valid)" = "$(served)" ]
	[ "$(counter ack_old)" = 0 ]
	[ "$(counter ack_bad)" = 0 ]
}

# ---- the wall clock ----

# stepped STEP COMMAND...: as somebody sees it whose wall clock was stepped
stepped()
{
	local step=$1

	shift
	FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "$step" "$@"
}

# stepped_synward STEP ARG...
stepped_synward()
{
	local step=$1

	shift
	stepped "$step" "${in_srv[@]}" "$NETNS_BUILD/synward" \
		--pin-dir "$pin_dir" "$@"
}

# about A B MOST: do they differ by no more?
about()
{
	[ $(($1 - $2)) -le "$3" ] && [ $(($2 - $1)) -le "$3" ]
}

made()
{
	jq -e '.keys[0].made'
}

# knows_time STEP SECONDS: commands of a clock that was stepped find the same
# epoch, and show times by their own clock
knows_time()
{
	local there here

	about "$(stepped "$1" date +%s)" $(($(date +%s) + $2)) 60
	there=$(stepped_synward "$1" -j keys)
	here=$(synward -j keys)
	about "$(jq .epoch <<<"$there")" "$(jq .epoch <<<"$here")" 1
	about "$(made <<<"$there")" $(($(made <<<"$here") + $2)) 60
	about "$(jq '.keys[0].age_seconds | floor' <<<"$there")" \
		"$(jq '.keys[0].age_seconds | floor' <<<"$here")" 60
	stepped_synward "$1" -j status | jq -e '.stale == false'
}

offset()
{
	bpftool -j map dump pinned "$pin_dir/maps/sw_config" |
		jq -e '.[0].formatted.value.clock_offset_ns'
}

@test "a wall clock stepped by an hour, either way, changes nothing" {
	"${in_srv[@]}" ip link add more type veth peer name more2
	"${in_srv[@]}" ip link set more up
	epoch begin 0
	before=$(offset)
	begin_held 1
	wait_for 5 knows_time +1h 3600
	wait_for 5 knows_time -1h -3600
	stepped_synward +1h attach more
	stepped_synward -1h detach more --grace 0
	stepped_synward -1h attach more
	stepped_synward +1h detach more --grace 0
	stepped_synward +1h keys rotate
	run stepped_synward -1h keys rotate
	echo "$output"
	[ "$status" = 2 ]
	[[ $output =~ "possible again in "([0-9]+)" s" ]]
	[ "${BASH_REMATCH[1]}" -le 207 ]
	run stepped_synward +1h keys rotate
	[ "$status" = 2 ]
	all_made
	begin_held 1
	[ "$(tell finish)" = "$held_n" ]
	end_held
	[ "$(offset)" = "$before" ]
}
