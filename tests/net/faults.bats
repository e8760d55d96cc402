#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each fault has its message, its cure and its exit code, and changes nothing.

load net

setup_file()
{
	net_up
	"${in_srv[@]}" ip link add down0 type veth peer name down1
	"${in_srv[@]}" ip tuntap add tun0 mode tun
	"${in_srv[@]}" ip link set tun0 up
}

teardown_file()
{
	net_down
}

teardown()
{
	synward detach --all --grace 0 >/dev/null 2>&1 || true
	"${in_srv[@]}" ip link set srv xdp off 2>/dev/null || true
}

attached()
{
	[ -e "$pin_dir" ]
}

nothing_left()
{
	[ ! -e "$pin_dir" ]
}

@test "an interface that does not exist" {
	fails 2 "nosuch.*" attach nosuch
	nothing_left
}

@test "an interface that is down names ip link set up" {
	fails 2 "ip link set dev down0 up" attach down0
	nothing_left
}

@test "the loopback interface" {
	fails 5 "loopback" attach lo
	nothing_left
}

@test "an interface without Ethernet header" {
	fails 5 "Ethernet" attach tun0
	nothing_left
}

@test "a foreign XDP program is named and left alone" {
	"${in_srv[@]}" ip link set dev srv \
		xdpdrv obj "$NETNS_BUILD/tests/bench/pass.bpf.o" sec xdp
	fails 1 "XDP program" attach srv
	nothing_left
	"${in_srv[@]}" ip -d link show srv | grep -q xdp
}

@test "an interface that is attached already" {
	synward attach srv
	fails 2 "attached" attach srv
	attached
}

@test "no privilege" {
	install -m 0755 "$NETNS_BUILD/synward" /run/synward-nobody.$NETNS_ID
	run "${in_srv[@]}" setpriv --reuid 65534 --regid 65534 \
		--clear-groups --bounding-set -all --inh-caps -all \
		/run/synward-nobody.$NETNS_ID --pin-dir "$pin_dir" attach srv
	rm -f /run/synward-nobody.$NETNS_ID
	echo "$output"
	[ "$status" = 4 ]
	[[ $output =~ root ]]
	nothing_left
}

@test "help and version need no privilege" {
	install -m 0755 "$NETNS_BUILD/synward" /run/synward-nobody.$NETNS_ID
	for word in help --help version; do
		setpriv --reuid 65534 --regid 65534 --clear-groups \
			/run/synward-nobody.$NETNS_ID $word
	done
	rm -f /run/synward-nobody.$NETNS_ID
}

@test "no bpffs names the mount command" {
	run "${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$stage/nofs" \
		attach srv
	echo "$output"
	[ "$status" = 5 ]
	[[ $output =~ "mount -t bpf" ]]
}

@test "status without a bpffs names the mount command, too" {
	for noun in status stats keys; do
		run "${in_srv[@]}" "$NETNS_BUILD/synward" \
			--pin-dir "$stage/nofs" $noun
		echo "$output"
		[ "$status" = 5 ]
		[[ $output =~ "mount -t bpf" ]]
	done
}

# theirs PATH: in a directory of somebody else's with this in it, attach and
# detach fail and all is there as before
theirs()
{
	local before

	before=$(find "$pins/theirs" | sort)
	for args in "attach nosuch" "attach srv" "detach --all --grace 0"; do
		# shellcheck disable=SC2086 # words
		run "${in_srv[@]}" "$NETNS_BUILD/synward" \
			--pin-dir "$pins/theirs" $args
		echo "$args: $output"
		[ "$status" = 2 ]
		[ "$(find "$pins/theirs" | sort)" = "$before" ]
	done
	[[ $output == *"not synward's: $1:"* ]]
}

@test "a directory of somebody else's pins is left as it is" {
	install -d -m 0700 "$pins/theirs" "$pins/theirs/maps"
	bpftool map create "$pins/theirs/maps/precious" type array key 4 \
		value 4 entries 1 name precious
	theirs maps/precious
	rm "$pins/theirs/maps/precious"
	rmdir "$pins/theirs/maps"

	install -d -m 0700 "$pins/theirs/app"
	bpftool map create "$pins/theirs/app/xdp" type array key 4 value 4 \
		entries 1 name precious
	theirs app
	rm "$pins/theirs/app/xdp"
	rmdir "$pins/theirs/app" "$pins/theirs"
}

@test "somebody's pin among ours is named, and ours stay until it has gone" {
	synward attach srv
	bpftool map create "$pin_dir/maps/guest" type array key 4 value 4 \
		entries 1 name guest
	fails 2 "not synward's: maps/guest" detach --all --grace 0
	[ -e "$pin_dir/maps/guest" ]
	synward status
	rm "$pin_dir/maps/guest"
	synward detach --all --grace 0
	nothing_left
}

@test "pinned state of another ABI: every command says so, detach --all cures" {
	synward attach srv
	# the first word is the ABI, whatever the rest
	value=$(bpftool -j map dump pinned "$pin_dir/maps/sw_host" |
		jq -r '.[0].value | map(ltrimstr("0x")) | join(" ")')
	# shellcheck disable=SC2086 # 64 words
	bpftool map update pinned "$pin_dir/maps/sw_host" key 0 0 0 0 \
		value hex 63 ${value#* }
	fails 5 "ABI 99.*detach --all" status
	fails 5 "ABI 99.*detach --all" attach srv
	fails 5 "ABI 99.*detach --all" mode always
	synward detach --all --grace 0
	nothing_left
}

@test "bad arguments change nothing and say what was expected" {
	fails 2 "--start \"0%\"" attach srv --start 0%
	fails 2 "--start \"101\"" attach srv --start 101
	fails 2 "--port \"80,x\"" attach srv --port 80,x
	fails 2 "--port \"70000\"" attach srv --port 70000
	fails 2 "mode.*\"sometimes\"" attach srv --mode sometimes
	fails 2 "--xdp \"fast\"" attach srv --xdp fast
	fails 2 "attach.*IFACE" attach
	fails 2 "nonsense.*help" nonsense
	fails 2 "--nonsense.*help" attach srv --nonsense
	nothing_left
}

@test "nothing attached: status, stats, keys, mode and detach exit 3" {
	fails 3 "not attached: synward .*attach IFACE" status
	fails 3 "synward attach IFACE" stats
	fails 3 "synward attach IFACE" keys
	fails 3 "synward attach IFACE" mode always
	fails 3 "synward attach" detach srv
}

# second_refused PATTERN OPTION...: on down0, which is up meanwhile
second_refused()
{
	"${in_srv[@]}" ip link set down0 up
	"${in_srv[@]}" ip link set down1 up
	fails 2 "$1" attach down0 "${@:2}"
	synward attach down0
	"${in_srv[@]}" ip link set down0 down
}

@test "a second interface of another mode is told to change it for all" {
	synward attach srv --mode always
	second_refused "--mode: .*synward.* mode\)" --mode observe
}

@test "a second interface with another start is told to change it for all" {
	synward attach srv --start 30%
	second_refused "--start: .*synward.* mode\)" --start 40%
}

@test "a second interface with another end is told to change it for all" {
	synward attach srv --start 30%
	second_refused "--end: .*synward.* mode\)" --end 10%
}

@test "an end above start is refused" {
	fails 2 "--end 30%: expected at most --start" attach srv --end 30
	nothing_left
	synward attach srv --start 50
	fails 2 "--end 51%: .*50%" mode adaptive --end 51
	synward status | grep -q "start 50%, end 25%"
}

@test "a second interface with what is in force is no conflict" {
	synward attach srv --start 50 --end 30
	"${in_srv[@]}" ip link set down0 up
	"${in_srv[@]}" ip link set down1 up
	synward attach down0 --end 30
	"${in_srv[@]}" ip link set down0 down
}

@test "a second interface with other ports is told to begin anew" {
	synward attach srv --port 80
	second_refused "--port: .*detach --all, then attach" --port 80,443
}

@test "an option's mistake says which mistake it is" {
	fails 2 "--json: takes no value" --json=1 status
	fails 2 "--p: is ambiguous: --pin-dir or --port" --p
	fails 2 "--port: given twice" attach srv --port 80 --port 81
	fails 2 "--pin-dir: given twice" --pin-dir /a status
	fails 2 "--jsonn=1: no such option" --jsonn=1 status
}

@test "attach from another namespace onto the same pins is refused" {
	synward attach srv
	run "${in_atk[@]}" "$NETNS_BUILD/synward" --pin-dir "$pin_dir" \
		attach atk
	echo "$output"
	[ "$status" = 2 ]
	[[ $output =~ pin-dir ]]
}

@test "of two interfaces one cannot: neither is attached" {
	fails 2 "down0" attach srv down0
	nothing_left
	[ -z "$("${in_srv[@]}" ip -d link show srv | grep xdp)" ]
}
