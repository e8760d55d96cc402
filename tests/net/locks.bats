#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two commands at once: one waits for the other, or says who holds the lock.

load net
load kill

setup()
{
	kill_up
}

teardown()
{
	net_down
}

# in_background ARG...: synward ARG...; $! is its own
in_background()
{
	"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pin_dir" "$@" \
		>>"$stage/background" 2>&1 3>&- &
	remember_pid $!
}

# draining_now IFACE: its detach holds the lock
draining_now()
{
	look
	draining "$1"
}

@test "two attaches at once: both interfaces are protected" {
	in_background attach srv --mode always
	other=$!
	synward attach more --mode always
	wait $other
	status_true
	protected srv
	protected more
	opened
}

@test "two attaches of one interface at once: one attaches, one is told so" {
	in_background attach srv
	other=$!
	run synward attach srv
	first=$status second=0
	wait $other || second=$?
	[ $((first + second)) = 2 ]
	[ $((first * second)) = 0 ]
	status_true
	protected srv
}

@test "attach and detach at once: on or off, and status says which" {
	for _ in 1 2 3 4; do
		in_background attach srv --mode always
		other=$!
		run synward detach srv --grace 0
		[ "$status" = 0 ] || [ "$status" = 3 ]
		wait $other
		whole
		repair_detach
	done
}

@test "mode waits for a detach, says for which process, and then does it" {
	synward attach srv more
	in_background detach more --grace 3
	detach=$!
	wait_for 5 draining_now more
	run synward mode always
	echo "$output"
	[ "$status" = 0 ]
	[[ $output =~ "waiting for pid $detach ("[^\ ]*synward.*" detach more " ]]
	wait $detach
	look
	[[ $said == *"mode always"* && $said != *more:* ]]
}

@test "after 10 s the second says who holds the lock, and exits 8" {
	synward attach srv
	in_background detach srv --grace 600
	detach=$!
	wait_for 5 draining_now srv
	run synward mode always
	echo "$output"
	[ "$status" = 8 ]
	[[ $output =~ "hands of pid $detach ("[^\ ]*synward.*" detach srv " ]]
	[[ $output == *"or end it: kill $detach"* ]]
	kill $detach
	wait $detach || true
	synward mode always
	whole
	! draining srv || return 1
}

@test "a killed command's lock is nobody's" {
	synward attach srv --mode always
	in_background detach srv --grace 600
	detach=$!
	wait_for 5 draining_now srv
	kill -KILL $detach
	wait $detach || true
	run synward attach srv
	echo "$output"
	[ "$status" = 0 ]
	[[ $output != *waiting* ]]
	whole
	! draining srv || return 1
}

@test "ten attaches and detaches at once end in a whole state" {
	pids=()
	for _ in 1 2 3; do
		for iface in srv more; do
			in_background attach $iface --mode always
			pids+=($!)
		done
		in_background detach srv --grace 0
		pids+=($!)
	done
	in_background detach --all --grace 0
	pids+=($!)
	for pid in "${pids[@]}"; do
		code=0
		wait "$pid" || code=$?
		# done, attached already, not attached, or waited too long
		[[ $code =~ ^[0238]$ ]]
	done
	cat "$stage/background"
	whole
	repair_attach srv more
	repair_detach
}
