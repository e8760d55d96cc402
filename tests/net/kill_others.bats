#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGKILL while something is detached or changed: see kill.bash.

load net
load kill

setup_file()
{
	kill_up
}

teardown_file()
{
	net_down
}

teardown()
{
	synward -q detach --all --grace 0 >/dev/null 2>&1 || true
}

both()
{
	repair_attach srv more
}

repair_both()
{
	repair_attach srv more
}

always()
{
	repair_attach srv
	synward -q mode always
}

@test "detach of the last interface, killed at 25 points: on or off, and repaired" {
	kill_each 25 always always detach srv --grace 0
}

@test "detach of all interfaces, killed at 25 points: each on or off, and repaired" {
	kill_each 25 both repair_both detach --all --grace 0
}

@test "mode, killed at 10 points: the old mode or the new one" {
	kill_each 10 always always mode adaptive
}

# With keys that have never been rolled: that is refused twice in an epoch.
fresh()
{
	repair_detach
	repair_attach srv
}

# The old keys alone, or the new ones with them: then they can be rolled no more
whole_keys()
{
	local code=0

	case $(synward -j keys | jq -c '[.keys[].generation]') in
	"[1]") synward -q keys rotate >/dev/null ;;
	"[1,2]") synward keys rotate || code=$?; [ $code = 2 ] ;;
	*) return 1 ;;
	esac
	opened
}

@test "keys rotate, killed at 10 points: the old keys or the new ones" {
	kill_each 10 fresh whole_keys keys rotate
}
