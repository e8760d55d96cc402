// SPDX-License-Identifier: GPL-2.0-or-later
/* synward attach: protect interfaces. */
#include <stdlib.h>

#include "attach.h"
#include "cmd.h"
#include "kernel.h"
#include "keyfile.h"
#include "listeners.h"
#include "nat.h"
#include "own.h"

static int say(const struct cmd_args *args, const struct attach_result *result)
{
	struct output_attach o = { .pin_dir = args->pin_dir,
				   .names = args->operands,
				   .count = args->count,
				   .native = result->native,
				   .automatic = args->xdp == DATAPLANE_XDP_AUTO,
				   .settings = &result->in_force,
				   .syncookies_set = result->syncookies_set };

	/* It is attached: not knowing who listens now is no failure. */
	o.listeners_known = !listeners_read(&o.listeners);
	if (args->json || args->level != LOG_QUIET)
		args->out->attach(&o);
	if (!o.settings->despite_nat && nat_resets())
		log_warn(NAT_WARNING);
	return 0;
}

static int run(const struct cmd_args *args, const struct keys_root *root)
{
	const struct attach attach = { .pin_dir = args->pin_dir,
				       .names = args->operands,
				       .count = args->count,
				       .given = args->given,
				       .wanted = args->settings,
				       .key_file = args->key_file,
				       .root = root,
				       .xdp = args->xdp };
	struct attach_result result;
	int err = attach_run(&attach, &result);

	if (err)
		return err;
	err = say(args, &result);
	free(result.native);
	return err;
}

int cmd_attach(const struct cmd_args *args)
{
	own_by(keys_root_free) struct keys_root *root = NULL;
	int err;

	if (!args->count)
		return log_usage("attach: expected an interface: synward "
				 "attach IFACE; ip link shows what there is");
	err = kernel_check_privilege() ?: kernel_check();
	if (!err && args->key_file)
		err = keys_start() ?: keyfile_read(args->key_file, &root);
	return err ?: run(args, root);
}
