// SPDX-License-Identifier: GPL-2.0-or-later
/* synward mode: change whom to challenge, while it runs. */
#include <errno.h>

#include "cmd.h"
#include "own.h"
#include "state.h"

static int change(struct state *state, enum sw_mode mode,
		  struct output_mode *ret_change)
{
	struct settings settings;
	int err = state_lock(state, false) ?: state_open(state);

	if (err)
		return err;
	err = maps_read_settings(&state->maps, &settings);
	if (err)
		return log_refused(err, "cannot read the settings in force");
	maps_store_mode(&state->maps, mode);
	ret_change->before = settings.mode;
	ret_change->now = mode;
	ret_change->start_percent = settings.start_percent;
	return 0;
}

int cmd_mode(const struct cmd_args *args)
{
	own_by(state_close) struct state state;
	struct output_mode o;
	enum sw_mode mode;
	int err;

	state_init(args->pin_dir, &state);
	if (!args->count)
		return log_usage("mode: expected off, observe, adaptive or "
				 "always");
	err = settings_mode_parse(args->operands[0], &mode) ?:
		      change(&state, mode, &o);
	if (err == -ENOTCONN)
		return state_absent(args->pin_dir);
	if (!err && (args->json || args->level != LOG_QUIET))
		args->out->mode(&o);
	return err;
}
