#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# memory.sh - what memory one attached synward holds in the kernel, unconfigured
#
# Knows: how to find one instance's maps and programs: what is pinned, what
# works on those maps, and what else that uses (.rodata is pinned nowhere).
# Does not know: what the maps are for.
#
# The kernel's own figures (memlock of each object's fdinfo, as bpftool shows
# it), and the machine code of programs, which memlock leaves out. A per-CPU
# map has its entries once for each possible CPU, so what each CPU adds is said.
set -euo pipefail

usage()
{
	cat <<-END
	usage: sudo ./tests/bench/memory.sh [--quick] [--json FILE] [--build DIR]
	  --quick      the same: it takes a second
	  --json FILE  writes the figures there
	  --build DIR  where the binaries are (default build)
	Exit: 0 measured, 1 not, 2 usage, 4 not root; when synward does not
	attach, its own code.
	END
}

die()
{
	echo "memory.sh: $1" >&2
	exit "${2:-1}"
}

usage_error()
{
	echo "memory.sh: $1" >&2
	usage >&2
	exit 2
}

json=''
build=''
args=("$@")
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	--quick) ;;
	--json | --build)
		[ $# -gt 1 ] || usage_error "$1: needs a value"
		printf -v "${1#--}" %s "$2"
		shift ;;
	*) usage_error "$1: not an option" ;;
	esac
	shift
done
[ "$(id -u)" = 0 ] || die "needs root for namespaces and XDP" 4

here=$(dirname "$0")
[ -z "$build" ] || NETNS_BUILD=$(cd "$build" && pwd)
# shellcheck source=tests/lib/netns.sh
. "$here/../lib/netns.sh"
netns_isolate "$0" "${args[@]}"
# shellcheck source=tests/bench/machine.bash
. "$here/machine.bash"

largest=8			# maps in the table

trap 'trap - EXIT; netns_down' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# the IDs of the maps that are pinned below the pin directory
pinned_maps()
{
	local path

	find "$pins/synward" -type f | while read -r path; do
		bpftool -j map show pinned "$path" 2>/dev/null || true
	done | jq -s 'map(.id? // empty)'
}

# Others may attach and leave meanwhile: all lists are taken once.
collect()
{
	local pinned

	bpftool -j map show >"$stage/maps"
	bpftool -j prog show >"$stage/programs"
	pinned=$(pinned_maps)
	[ "$pinned" != "[]" ] || die "nothing is pinned"
	jq -n --argjson pinned "$pinned" \
		--argjson cpus "$(machine_possible_cpus)" \
		--slurpfile maps "$stage/maps" \
		--slurpfile programs "$stage/programs" '
	($programs[0] | map(select((.map_ids // []) as $of
		| any($pinned[]; IN($of[]))))) as $ours
	| ($pinned + [$ours[].map_ids[]] | unique) as $ids
	| ($maps[0] | map(select(.id | IN($ids[]))
		| { name: (.name // "unnamed"), type, entries: .max_entries,
		    bytes: .bytes_memlock,
		    per_cpu: ((.type // "") | tostring | test("percpu")) })
		| sort_by(-.bytes)) as $m
	| ($ours | map({ name, bytes: (.bytes_memlock + .bytes_jited) })
		| sort_by(-.bytes)) as $p
	| { memory: { bytes: ([$m[], $p[] | .bytes] | add),
		cpus_possible: $cpus,
		bytes_each_cpu: ([$m[] | select(.per_cpu) | .bytes / $cpus]
			| add // 0 | floor),
		maps: $m, programs: $p } }' >"$stage/memory.json"
}

table()
{
	jq -r --argjson n $largest '.memory |
		(.maps[:$n][] | [.name, .type, .entries, .bytes]),
		(.maps[$n:] | ["\(length) more maps", "", "",
			(map(.bytes) | add // 0)]),
		(.programs | ["\(length) programs", "", "",
			(map(.bytes) | add)]),
		["together", "", "", .bytes] | @tsv' "$stage/memory.json" |
		awk -F '\t' 'BEGIN { printf "%-16s %-14s %8s %10s\n",
				"map", "type", "entries", "KiB" }
			{ printf "%-16s %-14s %8s %10.1f\n",
				$1, $2, $3, $4 / 1024 }'
}

netns_up
netns_bpffs
"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pins/synward" -q \
	attach srv || exit
collect
echo "machine  $(machine_line)"
jq -r '.memory | "per CPU  \(.cpus_possible) possible CPUs; each adds" +
	" \(.bytes_each_cpu / 1024 | floor) KiB to the per-CPU maps"' \
	"$stage/memory.json"
echo
table
[ -z "$json" ] || cp "$stage/memory.json" "$json"
