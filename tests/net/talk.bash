# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# talk.bash - programs that run beside a test, are told things and say things,
# a line each. Sourced by tests after net.bash.
#
# Pipes by name, because bash has one coproc at a time. The program holds both
# ends of each, so that neither side blocks or ends when the other looks away;
# it is ended by its pid.
#
# shellcheck disable=SC2154 # $stage and others are net.bash's

# talk_start NAME COMMAND...: COMMAND in the background
talk_start()
{
	local in=$stage/$1.in out=$stage/$1.out name=$1

	shift
	rm -f "$in" "$out"
	mkfifo "$in" "$out"
	"$@" <>"$in" 1<>"$out" 2>"$stage/$name.err" 3>&- &
	echo $! >"$stage/$name.talk"
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

# talk_end_all: whatever runs
talk_end_all()
{
	local pid

	for pid in "$stage"/*.talk; do
		pid=${pid##*/}
		talk_end "${pid%.talk}"
	done
}

# talk_end NAME: ends it, if it runs
talk_end()
{
	local pid

	[ -e "$stage/$1.talk" ] || return 0
	pid=$(cat "$stage/$1.talk")
	rm -f "$stage/$1.talk"
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

# client NAME ADDRESS PORT [OPTION...]: connects and then obeys; see client.py
client()
{
	talk_end "$1"
	talk_start "$1" "${in_atk[@]}" setpriv --pdeathsig TERM \
		/usr/bin/python3 "$BATS_TEST_DIRNAME/client.py" "${@:2}"
	[ "$(hear "$1")" = connected ]
}

# listener NAME PORT [OPTION...]: listens, and accepts when told; see listener.py
listener()
{
	talk_end "$1"
	talk_start "$1" "${in_srv[@]}" setpriv --pdeathsig TERM \
		/usr/bin/python3 "$BATS_TEST_DIRNAME/listener.py" "${@:2}"
	[ "$(hear "$1")" = listening ]
}
