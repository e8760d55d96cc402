// SPDX-License-Identifier: GPL-2.0-or-later
/* synward status: what is attached, and is it under attack? */
#include <errno.h>

#include "cmd.h"
#include "own.h"
#include "stats.h"

int cmd_status(const struct cmd_args *args)
{
	struct stats_status status;
	int err = stats_read_status(args->pin_dir, &status);

	if (err && err != -ENOTCONN)
		return err;
	args->out->status(&status);
	if (!err && !state_alive(&status.state))
		err = -ENOTCONN;
	stats_free_status(&status);
	return err;
}
