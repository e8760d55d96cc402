#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - all that is measured, in one run, and what came of it
#
# Knows: the parts and their order, how their JSON becomes one document, and the
# machine it was measured on.
# Does not know: how a part measures, what the targets are (targets.jq), or how
# a plot is drawn (plot.sh).
#
# A part that fails or is not there costs the figures it would have given: they
# are "not measured", and so no target met. The rest is measured all the same.
set -euo pipefail

usage()
{
	cat <<-END
	usage: sudo ./tests/bench/run.sh [--full|--quick]
	  --full   everything (default): under 30 minutes; draws the plots
	           anew in tests/bench/results, with the figures they show
	  --quick  under 5 minutes, no plots
	Writes build/bench.json.
	Exit: 0 every "must" was met, 1 one was missed or not measured,
	2 usage, 4 not root, 5 a package is missing, or the kernel's
	bpf_sk_assign_tcp_reqsk (Linux 6.9).
	END
}

die()
{
	echo "run.sh: $1" >&2
	exit "${2:-1}"
}

run=full
quick=()
[ $# -le 1 ] || { usage >&2; exit 2; }
case ${1-} in
'' | --full) ;;
--quick) run=quick quick=(--quick) ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || die "needs root for BPF and namespaces" 4
missing=$(./scripts/deps --missing bench) ||
	die "missing: ${missing//$'\n'/ }: sudo ./scripts/deps bench" 5
grep -aq bpf_sk_assign_tcp_reqsk /sys/kernel/btf/vmlinux 2>/dev/null ||
	die "this kernel has no bpf_sk_assign_tcp_reqsk (Linux 6.9)" 5

# shellcheck source=tests/bench/machine.bash
. tests/bench/machine.bash

bench=tests/bench
results=$bench/results
parts=$(mktemp -d)
part_pid=''

# A part takes its own stage away when told to end.
stop()
{
	trap - EXIT
	if [ -n "$part_pid" ]; then
		kill "$part_pid" 2>/dev/null || true
		wait "$part_pid" || true
	fi
	rm -rf "$parts"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- parts -------------------------------------------------------------

# part NAME COMMAND...: what it says is shown; its JSON to $parts/NAME.json
part()
{
	local name=$1 err=0 start=$SECONDS

	shift
	printf '\n==== %s ====\n' "$name"
	"$@" --json "$parts/$name.json" &
	part_pid=$!
	wait "$part_pid" || err=$?
	part_pid=''
	if ! jq -e 'type == "object"' "$parts/$name.json" \
		>/dev/null 2>&1; then
		rm -f "$parts/$name.json"
		echo "run.sh: $name: exit $err, no figures" >&2
	elif [ $err != 0 ]; then
		echo "run.sh: $name: exit $err; its figures are kept" >&2
	fi
	printf '{"name": "%s", "exit": %d, "seconds": %d}\n' "$name" $err \
		$((SECONDS - start)) >>"$parts/ran"
}

measure()
{
	part cost unshare --mount --net build/$bench/cost "${quick[@]}"
	part grid env "BENCH=$run" ./$bench/grid.sh
	part carried ./$bench/carried.sh "${quick[@]}"
	part memory ./$bench/memory.sh
}

# ---- one document ------------------------------------------------------

# machine SHARES LOAD
machine()
{
	jq -n --argjson shares "$1" --argjson load "$2" \
		--arg cpu "$(machine_cpu)" --argjson cpus "$(nproc --all)" \
		--arg virtual "$(machine_virtual)" \
		--arg kernel "$(uname -r)" \
		--arg jit "$(cat /proc/sys/net/core/bpf_jit_enable)" \
		--arg clang "$(first_line clang --version)" \
		--arg libbpf "$(first_line pkg-config --modversion libbpf)" \
		--arg bpftool "$(first_line bpftool version)" \
		--arg synward "$(first_line build/synward version)" \
		--arg commit "$(first_line git describe --always --dirty)" \
		--arg date "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '
		{ $cpu, $cpus, $virtual, $kernel, jit: ($jit != "0"), $clang,
		  $libbpf, $bpftool, $synward,
		  commit: (if $commit == "" then null else $commit end),
		  $date, load_before: $load } + $shares'
}

# merge MACHINE: build/bench.json
merge()
{
	touch "$parts/ran"
	find "$parts" -name '*.json' -exec cat {} + |
		jq -s --argjson machine "$1" --slurpfile ran "$parts/ran" \
			--arg run $run '
			{ schema: 1, $run, $machine,
			  parts: $ran } + add' >"$parts/merged"
	jq -f $bench/targets.jq "$parts/merged" >"$parts/targets"
	jq --slurpfile targets "$parts/targets" '. + { targets: $targets[0] }' \
		"$parts/merged" >build/bench.json
}

machine_table()
{
	jq -r '.machine | "\(.cpu), \(.cpus) CPUs, virtual: \(.virtual)",
		"Linux \(.kernel), JIT \(if .jit then "on" else "off" end)",
		"\(.synward)\(if .commit then ", commit \(.commit)" else "" end)",
		"\(.clang); libbpf \(.libbpf); \(.bpftool)",
		"\(.date), load before \(.load_before); of the CPUs" +
		" \(.stolen_percent) % stolen, \(.foreign_percent) % others"' \
		build/bench.json
}

targets_table()
{
	jq -r '.targets[] | [.figure, .must, .aim, .measured // "-", .unit,
		.verdict] | @tsv' build/bench.json |
		awk -F '\t' '
		BEGIN { printf "%-50s %6s %6s %9s %-4s %s\n", "figure", "must",
			"aim", "measured", "", "verdict" }
		{ printf "%-50s %6s %6s %9s %-4s %s\n", $1, $2, $3,
			$4 == "-" ? $4 : sprintf("%.3g", $4), $5, $6 }'
}

ticks=$(machine_ticks) own=$(machine_own_ticks) load_before=$(machine_load)
measure
merge "$(machine "$(machine_shares "$ticks" "$own" "$(machine_ticks)" \
	"$(machine_own_ticks)")" "$load_before")"
if [ $run = full ]; then
	install -d $results
	cp build/bench.json $results/bench.json
	./$bench/plot.sh $results/bench.json $results
	chown -R --reference=. $results
fi
chown -R --reference=. build # whose user can make again
printf '\n==== machine ====\n'
machine_table
printf '\n==== targets ====\n'
targets_table
printf '\nbuild/bench.json has all figures.\n'
jq -e '.targets | all(.verdict == "aim" or .verdict == "must")' \
	build/bench.json >/dev/null
