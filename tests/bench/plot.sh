#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# plot.sh - the README's pictures, from the figures of one full run
#
# Knows: which figures are shown how.
# Does not know: how they came about, or whether they are any good.
#
# Nothing lies behind the pictures, so that they go with a white page and with a
# black one: text is grey and colours are of medium lightness.
set -euo pipefail

usage()
{
	cat <<-END
	usage: ./tests/bench/plot.sh [BENCH.JSON [DIRECTORY]]
	  Draws handled.svg, clients.svg and cost.svg; by default from and
	  into tests/bench/results. What the JSON has no figures for is not
	  drawn. Exit: 0 drawn, 1 not, 2 usage.
	END
}

here=$(dirname "$0")
case ${1-} in
-h | --help) usage; exit 0 ;;
-*) usage >&2; exit 2 ;;
esac
[ $# -le 2 ] || { usage >&2; exit 2; }
json=${1:-$here/results/bench.json}
out=${2:-$here/results}
for tool in gnuplot jq; do
	command -v $tool >/dev/null || {
		echo "plot.sh: $tool is missing: sudo ./scripts/deps bench" >&2
		exit 1
	}
done
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT

grey='#7d8590'
# defence|legend|colour|dashes: floors are dashed
lines=(
	'synward always|synward, always|#e4572e|1'
	'synward adaptive|synward, adaptive|#e39b23|1'
	'XDP_TX|floor: bare XDP_TX|#2a9d8f|2'
	'XDP_DROP|floor: bare XDP_DROP|#7fae5f|2'
	'kernel 1|kernel, tcp_syncookies=1|#3b82c4|1'
	'kernel 2|kernel, tcp_syncookies=2|#7aa9e0|1'
	'nft synproxy|nft synproxy|#a06cc0|1'
	'none|no defence|#8a8a8a|1'
)

# caption: the machine, in one line
caption()
{
	jq -r '.machine | "\(.cpu), \(.cpus) CPUs" +
		(if .virtual == "none" then "" else ", virtual" end) +
		", Linux \(.kernel), \(.date[:10])"' "$json"
}

# canvas NAME WIDTH HEIGHT: where every plot begins
canvas()
{
	cat <<-END
	set terminal svg size $2,$3 dynamic noenhanced font "sans-serif,13"
	set output "$data/$1.svg"
	set border 3 lc rgb "$grey"
	set tics nomirror textcolor rgb "$grey"
	set grid lc rgb "$grey" lw 0.3 dt 3
	set key Left reverse textcolor rgb "$grey"
	set label 99 "$(caption)" at screen 0.99,0.02 right \
		font "sans-serif,10" textcolor rgb "$grey"
	set style fill solid 0.9 noborder
	set datafile missing "-"
	END
}

# The rates asked for stand in a row, 0 to "max", or the low ones are not to be
# told apart.
# shellcheck disable=SC2016 # jq's, not the shell's
syn_cells='
	[.cells[]? | select(.flood | ascii_downcase | startswith("syn"))]
	| (map(.rate) | unique) as $rates'

# cells DEFENCE: offered and handled, M/s; served %; p50 and p99, ms; the rate's
# place
cells()
{
	jq -r --arg defence "$1" "$syn_cells"'
		| def shown: if . == null then "-" else . end;
		map(select(.defence == $defence)) | sort_by(.rate)[]
		| .rate as $rate
		| [.offered / 1e6, .handled_per_s / 1e6,
			(if .clients_tried > 0 then
			100 * .clients_served / .clients_tried else null end),
			.p50_ms, .p99_ms, ($rates | index($rate))]
		| map(shown) | @tsv' "$json"
}

# gnuplot: what stands below each rate's place
rate_tics()
{
	jq -r "$syn_cells"' | $rates | to_entries | map("\"" +
		(.value | if type == "number" then . / 1e6 else . end
		| tostring) + "\" \(.key)") | join(", ")' "$json"
}

# collect_cells: a file for each line that has any
collect_cells()
{
	local i name rest

	for i in "${!lines[@]}"; do
		IFS='|' read -r name rest <<<"${lines[i]}"
		cells "$name" >"$data/$i"
	done
}

# curves X:Y [PATTERN]: gnuplot's clauses for lines whose name matches
curves()
{
	local i name legend colour dash

	for i in "${!lines[@]}"; do
		IFS='|' read -r name legend colour dash <<<"${lines[i]}"
		[[ -s $data/$i && $name =~ ${2-} ]] || continue
		echo "\"$data/$i\" using $1 title \"$legend\" with linespoints" \
			"lc rgb \"$colour\" lw 2 dt $dash pt 7 ps 0.5"
	done | paste -sd,
}

handled()
{
	canvas handled 860 460
	cat <<-END
	set title "SYN flood: handled per second" textcolor rgb "$grey"
	set xlabel "SYNs offered, million/s" textcolor rgb "$grey"
	set ylabel "SYNs handled, million/s" textcolor rgb "$grey"
	set key outside right top
	set bmargin 5
	set xrange [0:*]
	set yrange [0:*]
	plot $(curves 1:2)
	END
}

# panel TITLE COLUMN: one of three that share their legend and their x
panel()
{
	echo "set ylabel \"$1\" textcolor rgb \"$grey\""
	echo "plot $(curves "6:$2" "$defences")"
}

clients()
{
	local defences='^(synward|kernel|nft|none)'

	canvas clients 860 760
	cat <<-END
	set multiplot layout 3,1 margins 0.11,0.7,0.1,0.94 spacing 0.05
	set xrange [-0.1:*]
	set xtics ($(rate_tics | sed 's/"[^"]*"/""/g'))
	set key at screen 0.72,0.95 left top
	set title "Clients during a SYN flood" textcolor rgb "$grey"
	set yrange [0:105]
	$(panel "served, %" 3)
	unset key
	unset title
	unset label 99
	set logscale y
	set format y "%g"
	set yrange [*:*]
	$(panel "connect time p50, ms" 4)
	set xtics ($(rate_tics))
	set xlabel "SYNs offered, million/s" textcolor rgb "$grey"
	$(panel "connect time p99, ms" 5)
	unset multiplot
	END
}

# bars: ns at the fewest flows, ns at 65,536 or -, the packet, the larger ns,
# both in words
bars()
{
	jq -r '[.cost[]?] | group_by(.packet)
		| map({ packet: .[0].packet, few: min_by(.flows),
			many: (map(select(.flows == 65536)) | first) })
		| sort_by(-.few.above_empty_ns)[]
		| [.few.above_empty_ns,
		   (if .many and .few.flows < 65536 then .many.above_empty_ns
			else "-" end), .packet +
		   (if .few.flows > 1 then ", \(.few.flows) flows" else "" end),
		   ([.few.above_empty_ns, .many.above_empty_ns // 0] | max),
		   ([.few, .many | select(.) | .above_empty_ns | round]
			| unique | join(" / "))]
		| @tsv' "$json" >"$data/bars"
	[ -s "$data/bars" ]
}

cost()
{
	canvas cost 860 $((110 + 24 * $(wc -l <"$data/bars")))
	cat <<-END
	set title "Cost of one packet" textcolor rgb "$grey"
	set xlabel "ns above an empty XDP program" textcolor rgb "$grey"
	set datafile separator "\t"
	set key bottom right
	set bmargin 5
	set offsets 0, graph 0.12, 0, 0
	set xrange [0:*]
	set yrange [$(wc -l <"$data/bars") - 0.5:-0.5]
	set ytics scale 0
	unset grid
	set grid x lc rgb "$grey" lw 0.3 dt 3
	plot "$data/bars" using (column(1) / 2):0:(column(1) / 2):(0.35):ytic(3) \
		title "one flow" with boxxyerror lc rgb "#3b82c4", \
	"" using 2:0 title "65,536 flows" with points \
		pt 5 ps 0.7 lc rgb "#e4572e", \
	"" using 4:0:5 notitle with labels left \
		offset 0.6,0 font "sans-serif,11" textcolor rgb "$grey"
	END
}

# draw NAME: all of it, or nothing
draw()
{
	"$1" >"$data/$1.gp"
	gnuplot "$data/$1.gp"
	mv "$data/$1.svg" "$out/$1.svg"
	echo "plot.sh: $out/$1.svg"
}

mkdir -p "$out"
collect_cells
if [ -n "$(curves 1:2)" ]; then
	draw handled
	draw clients
fi
if bars; then
	draw cost
fi
