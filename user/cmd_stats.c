// SPDX-License-Identifier: GPL-2.0-or-later
/* synward stats: every counter with its meaning. */
#include <errno.h>

#include "cmd.h"
#include "stats.h"

int cmd_stats(const struct cmd_args *args)
{
	struct stats_counters counters;
	int err = stats_read_counters(args->pin_dir, &counters);

	if (err == -ENOTCONN)
		return state_absent(args->pin_dir);
	if (err)
		return err;
	args->out->stats(&counters);
	return 0;
}
