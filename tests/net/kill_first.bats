#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGKILL while the first interface is attached: see kill.bash.

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

repair_srv()
{
	repair_attach srv
}

@test "attach of the first interface, killed at 60 points: on or off, and repaired" {
	kill_each 60 from_nothing repair_srv attach srv --mode always
}
