# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kill.bash - a command is killed at some point, and what must hold then. For
# tests/net/kill_*.bats, after net.bash.
#
# KILL_SEED=N repeats the points of a failed run.
#
# Two interfaces, srv and more; net.ipv4.tcp_syncookies is 0 before. Links that
# a killed process had not pinned go some milliseconds after it: wait for that.
#
# shellcheck disable=SC2154 # net.bash and bats set them

kill_up()
{
	net_up
	start_server 8080
	"${in_srv[@]}" ip link add more type veth peer name more2
	"${in_srv[@]}" ip link set more up
	"${in_srv[@]}" ip link set more2 up
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_syncookies=0
	echo "${KILL_SEED:-$RANDOM}" >"$stage/seed"
}

# killat N ARG...: synward ARG..., killed at its Nth change; N 0 = count them
killat()
{
	local at=$1

	shift
	"${in_srv[@]}" "$tools/killat" "$at" \
		"$NETNS_BUILD/synward" --pin-dir "$pin_dir" -q "$@"
}

# points COUNT N: N of 1..COUNT, at random, each once before any comes twice
points()
{
	local seed seen=0

	seed=$(<"$stage/seed")
	echo "KILL_SEED=$seed, points 1 to $1" >&2
	while [ "$seen" -lt "$2" ]; do
		shuf -i "1-$1" --random-source=<(yes "$seed.$seen")
		seen=$((seen + $1))
	done | head -n "$2"
}

# look: on the wire, and by `status` in words; all that follows goes by this
look()
{
	mapfile -t wire < <("${in_srv[@]}" "$tools/onwire" srv more)
	said_exit=0
	said=$(synward status 2>&1) || said_exit=$?
	cookies=$("${in_srv[@]}" sysctl -n net.ipv4.tcp_syncookies)
}

# protected IFACE: has both programs
protected()
{
	case $1 in
	srv) [ "${wire[0]}" = "xdp 1 tc 1" ] ;;
	more) [ "${wire[1]}" = "xdp 1 tc 1" ] ;;
	esac
}

# listed IFACE: status says that it is attached
listed()
{
	[[ $said == *"$1: attached since"* ]]
}

draining()
{
	[[ $said == *"$1: attached since"*"being detached"* ]]
}

# What a kill can leave on an interface: both programs; neither; or TC alone,
# which without XDP does nothing. Pins are made one by one: TC's comes first and
# goes last.
never_half()
{
	[[ ${#wire[@]} = 2 && ! ${wire[*]} =~ "xdp 1 tc 0" ]]
}

# status_true: it lists whom the programs protect, and exits 3 if that is none
status_true()
{
	local iface some=3

	look
	for iface in srv more; do
		if protected $iface; then
			some=0
			listed $iface || return 1
		else
			! listed $iface || return 1
		fi
	done
	never_half && [ $said_exit = $some ]
}

# Where anybody is protected it is 1, or connections would be reset.
cookies_right()
{
	[[ $cookies = 1 || ${wire[*]} != *"xdp 1"* ]]
}

sockets_made()
{
	local said

	said=$(synward stats)
	[[ $said =~ ([0-9,]+)" "+[a-z]+" "+tc_socket_made ]]
	echo "${BASH_REMATCH[1]//,/}"
}

# opened: a connection does; in mode always it is a cookie that opens it
opened()
{
	local made

	if ! protected srv || draining srv || [[ $said != *"mode always"* ]]; then
		[ "$(count_bytes "$srv4" 100)" = 100 ]
		return
	fi
	made=$(sockets_made)
	[ "$(count_bytes "$srv4" 100)" = 100 ]
	[ "$(sockets_made)" = $((made + 1)) ]
}

# whole: what holds after every kill
whole()
{
	wait_for 5 status_true || {
		printf '%s\n' "${wire[@]}" "exit $said_exit" "$said"
		return 1
	}
	cookies_right
	opened
}

# repair_attach IFACE...: what is not attached, or is half detached, can be
repair_attach()
{
	local iface

	for iface; do
		look
		if ! listed "$iface" || draining "$iface"; then
			synward -q attach "$iface" --mode always
		fi
	done
	status_true
	for iface; do
		protected "$iface"
		! draining "$iface" || return 1
	done
	cookies_right
}

# Nothing is left; exit 3 where the kill came before anything was done.
repair_detach()
{
	if [ -e "$pin_dir" ]; then
		synward -q detach --all --grace 0
	fi
	[ ! -e "$pin_dir" ]
	look
	[ "${wire[*]}" = "xdp 0 tc 0 xdp 0 tc 0" ]
	[ "$cookies" = 0 ]
	[ $said_exit = 3 ]
}

# kill_each N START REPAIR ARG...: kills `synward ARG...` at N points, each
# from START; every second time the cure is REPAIR, else detach --all
kill_each()
{
	local n=$1 start=$2 repair=$3 count at turn=0

	shift 3
	$start
	count=$(killat 0 "$@")
	repair_detach
	for at in $(points "$count" "$n"); do
		echo "# killat $at $*"
		$start
		run killat "$at" "$@"
		[ "$status" = 137 ]
		whole
		if [ $((turn++ % 2)) = 0 ]; then
			$repair
			opened
		else
			repair_detach
		fi
	done
	repair_detach
}
