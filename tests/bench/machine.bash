# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# machine.bash - what a figure was measured on, and who else was there; to be
# sourced
#
# Knows: the CPUs, the kernel, the tools' versions, and where the CPUs' time
# went between two moments.
# Does not know: what is measured.

# machine_ticks: stolen, busy in user and kernel but in no interrupt, of kernel
# threads, and all ticks of all CPUs until now
machine_ticks()
{
	awk '
	FILENAME == "/proc/stat" {
		if ($1 == "cpu") {
			stolen = $9
			busy = $2 + $3 + $4
			for (i = 2; i <= 9; i++)
				all += $i
		}
		next
	}
	# a name may hold blanks and brackets: count from the last bracket
	{ sub(/.*\) /, ""); if ($2 == 2) threads += $12 + $13 }
	END { print stolen + 0, busy + 0, threads + 0, all + 0 }
	' /proc/stat /proc/[0-9]*/stat 2>/dev/null || true
}

# machine_own_ticks: of this shell and the children it has waited for
machine_own_ticks()
{
	awk '{ sub(/.*\) /, ""); print $12 + $13 + $14 + $15 }' "/proc/$$/stat"
}

# machine_shares "TICKS" OWN "TICKS" OWN: before and after; JSON.
# Foreign is what processes used that are neither ours nor the kernel's. Time
# in interrupts is not told apart by owner: ours is in our processes' time
# again (so foreign is a little too low), theirs is in nobody's.
machine_shares()
{
	awk -v before="$1 $2" -v after="$3 $4" 'BEGIN {
		split(before, b)
		split(after, a)
		for (i = 1; i <= 5; i++)
			d[i] = a[i] - b[i]
		foreign = d[2] - d[3] - d[5]
		if (foreign < 0)
			foreign = 0
		all = d[4] > 0 ? d[4] : 1
		printf "{\"stolen_percent\": %.1f, \"foreign_percent\": %.1f}\n",
			100 * d[1] / all, 100 * foreign / all
	}'
}

machine_cpu()
{
	local model

	model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed 1q)
	echo "${model:-unknown CPU}"
}

machine_load()
{
	cut -d ' ' -f 1 /proc/loadavg
}

machine_line()
{
	echo "$(machine_cpu), $(nproc --all) CPUs, Linux $(uname -r)"
}

# An ID that the kernel counts as possible has its part of each per-CPU map.
machine_possible_cpus()
{
	awk -F '[-,]' '{ print $NF + 1 }' /sys/devices/system/cpu/possible
}

machine_virtual()
{
	if command -v systemd-detect-virt >/dev/null; then
		systemd-detect-virt --vm || true
	elif grep -q '^flags.* hypervisor' /proc/cpuinfo; then
		echo yes
	else
		echo none
	fi
}

# first_line COMMAND...: of what it says; nothing if it is not there
first_line()
{
	"$@" 2>/dev/null | sed 1q || true
}
