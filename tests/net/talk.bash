# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# talk.bash - programs that run beside a test, are told things and say things,
# a line each. Sourced by tests after net.bash.
#
# Pipes by name, because bash has one coproc at a time. The program holds both
# ends of each, so that neither side blocks or ends when the other looks away;
# it is ended by its pid.

# talk_start NAME COMMAND...: COMMAND in the background
talk_start()
{
	local in=$stage/$1.in out=$stage/$1.out name=$1

	shift
	rm -f "$in" "$out"
	mkfifo "$in" "$out"
	"$@" <>"$in" 1<>"$out" 2>"$stage/$name.err" 3>&- &
	echo $! >"$stage/$name.pid"
	remember_pid $!
}

# tell NAME WORD...: a line on its stdin
tell()
{
	echo "${*:2}" >"$stage/$1.in"
}

# hear NAME: prints the next line of its stdout; fails after 20 s
hear()
{
	local line

	if ! read -r -t 20 line <"$stage/$1.out"; then
		cat "$stage/$1.err" >&2
		return 1
	fi
	echo "$line"
}

# ask NAME WORD...: tells it, and prints its answer
ask()
{
	tell "$@"
	hear "$1"
}

# talk_end NAME: ends it, if it runs
talk_end()
{
	local pid

	[ -e "$stage/$1.pid" ] || return 0
	pid=$(cat "$stage/$1.pid")
	rm -f "$stage/$1.pid"
	kill "$pid" 2>/dev/null || true
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.02
	done
}

# cable RULE...: the client's end is a bad cable from now on; see cable.c
cable()
{
	talk_end cable
	talk_start cable "${in_atk[@]}" setpriv --pdeathsig TERM \
		"$tools/cable" atk "$@"
	[ "$(hear cable)" = ready ]
}

# client ADDRESS PORT [OPTION...]: connects and then obeys; see client.py
client()
{
	talk_end client
	talk_start client "${in_atk[@]}" setpriv --pdeathsig TERM \
		/usr/bin/python3 "$BATS_TEST_DIRNAME/client.py" "$@"
	[ "$(hear client)" = connected ]
}
