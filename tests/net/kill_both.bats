#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGKILL while two interfaces are attached at once: see kill.bash.

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

from_nothing()
{
	repair_detach
}

repair_both()
{
	repair_attach srv more
}

@test "attach of two at once, killed at 40 points: each on or off, and repaired" {
	kill_each 40 from_nothing repair_both attach srv more --mode always
}
