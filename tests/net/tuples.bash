# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tuples.bash - what tests of tuples share: their clients and their server
#
# shellcheck source=tests/net/net.bash
source "$BATS_TEST_DIRNAME/net.bash"

# start_closing PORT: a server that closes first
start_closing()
{
	"${in_srv[@]}" setpriv --pdeathsig TERM \
		/usr/bin/python3 "$BATS_TEST_DIRNAME/closing.py" "$1" \
		>/dev/null 2>&1 3>&- &
	remember_pid $!
	wait_for 10 netns_listens "$1"
}

# tuples ARG...: see tuples.py
tuples()
{
	RAW_CLOSES=8081 raw tuples.py "$@"
}

# sockets ARG...: see sockets.py
sockets()
{
	"${in_atk[@]}" /usr/bin/python3 "$BATS_TEST_DIRNAME/sockets.py" "$@"
}

# tell LINE: to the client in the background
tell()
{
	echo "$1" >&"${CLIENT[1]}"
}

# hear: its next line
hear()
{
	local line

	read -r -t 30 line <&"${CLIENT[0]}"
	echo "$line"
}

# start_tuples ARG...: it in the background; ends when told all it waits for
# shellcheck disable=SC2034 # the tests wait for $client
start_tuples()
{
	coproc CLIENT { tuples "$@" 3>&-; }
	client=$CLIENT_PID
}

# issue_cookie [PORT]: until one was issued nobody's ACK is looked at
issue_cookie()
{
	local before

	before=$(counter syn_answered)
	"${in_atk[@]}" bash -c "exec 3<>/dev/tcp/$srv4/${1:-8080}"
	counted syn_answered $((before + 1))
}
