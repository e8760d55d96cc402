// SPDX-License-Identifier: GPL-2.0-or-later
/* synward detach: take protection away, and leave nothing behind. */
#include <stdlib.h>

#include "cmd.h"
#include "detach.h"
#include "kernel.h"

int cmd_detach(const struct cmd_args *args)
{
	const struct detach detach = { .pin_dir = args->pin_dir,
				       .names = args->operands,
				       .count = args->count,
				       .grace_ns = args->grace_ns };
	struct detach_result result;
	struct output_detach o;
	int err;

	if (!args->count == !(args->given & CMD_ALL))
		return log_usage("detach: expected either interfaces or "
				 "--all: synward status shows what is "
				 "attached");
	err = kernel_check_privilege() ?: detach_run(&detach, &result);
	if (err)
		return err;
	o = (struct output_detach){
		.names = result.names,
		.count = result.count,
		.last = result.last,
		.syncookies_restored = result.removal.syncookies_restored
	};
	if (args->json || args->level != LOG_QUIET)
		args->out->detach(&o);
	free(result.names);
	return 0;
}
