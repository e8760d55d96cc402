#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGKILL while a second interface is attached: see kill.bash.

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

one_more()
{
	look
	if listed srv; then
		synward -q detach srv --grace 0
	fi
	repair_attach more
}

repair_srv()
{
	repair_attach srv
}

@test "attach of a second interface, killed at 40 points: on or off, and repaired" {
	kill_each 40 one_more repair_srv attach srv
}
