// SPDX-License-Identifier: GPL-2.0-or-later
/* synward mode: change whom to challenge, while it runs. */
#include <errno.h>

#include "cmd.h"
#include "own.h"
#include "state.h"

static int change(const struct cmd_args *args, struct state *state,
		  struct settings *wanted, struct output_mode *ret_change)
{
	struct settings before;
	int err = state_lock(state, false) ?: state_open(state);

	if (err)
		return err;
	err = maps_read_settings(&state->maps, &before);
	if (err)
		return log_refused(err, "cannot read the settings in force");
	err = settings_bounds(args->given, &before, wanted);
	if (err)
		return err;
	maps_store_mode(&state->maps, wanted);
	ret_change->before = before.mode;
	ret_change->now = wanted;
	return 0;
}

int cmd_mode(const struct cmd_args *args)
{
	own_by(state_close) struct state state;
	struct settings wanted = args->settings;
	struct output_mode o;
	int err;

	state_init(args->pin_dir, &state);
	if (!args->count)
		return log_usage("mode: expected off, observe, adaptive or "
				 "always");
	err = settings_mode_parse(args->operands[0], &wanted.mode) ?:
		      change(args, &state, &wanted, &o);
	if (err == -ENOTCONN)
		return state_absent(args->pin_dir);
	if (!err && (args->json || args->level != LOG_QUIET))
		args->out->mode(&o);
	return err;
}
