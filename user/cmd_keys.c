// SPDX-License-Identifier: GPL-2.0-or-later
/* synward keys: what is known of the keys, without the keys. */
#include <errno.h>

#include "clock.h"
#include "cmd.h"
#include "keys.h"
#include "own.h"
#include "state.h"

/* Which epochs a generation makes cookies for, and when its last cookie
 * dies: one epoch after the one it was made in. */
static void describe(const struct sw_keyring *ring, int i, __u64 epoch,
		     struct output_key *ret_key)
{
	bool rolled = ring->made_ns[1];

	keys_fingerprint(&ring->key[i], ret_key->fingerprint);
	ret_key->generation = ring->generation[i];
	ret_key->made_ns = ring->made_ns[i];
	ret_key->first_epoch = i ? ring->second_from :
				   ring->made_ns[0] >> SW_EPOCH_SHIFT;
	ret_key->end_epoch = i || !rolled ? 0 : ring->second_from;
	ret_key->in_force = epoch >= ret_key->first_epoch &&
			    (!ret_key->end_epoch || epoch < ret_key->end_epoch);
	if (ret_key->end_epoch)
		ret_key->valid_until_ns = (ret_key->end_epoch + 1)
					  << SW_EPOCH_SHIFT;
}

static void describe_all(const struct sw_keyring *ring, __s64 clock_offset_ns,
			 struct output_keys *o)
{
	o->now_ns = clock_now(clock_offset_ns);
	o->epoch = o->now_ns >> SW_EPOCH_SHIFT;
	for (int i = 0; i < 2; i++)
		if (ring->made_ns[i])
			describe(ring, i, o->epoch, &o->keys[o->count++]);
}

int cmd_keys(const struct cmd_args *args)
{
	own_by(state_close) struct state state;
	struct output_keys o = {};
	struct sw_keyring ring;
	int err;

	state_init(args->pin_dir, &state);
	err = state_open(&state);
	if (err == -ENOTCONN)
		return state_absent(args->pin_dir);
	if (err)
		return err;
	err = maps_read_ring(&state.maps, &ring);
	if (err)
		return log_refused(err, "cannot read the keys");
	describe_all(&ring, state.maps.config->clock_offset_ns, &o);
	keys_wipe(&ring);
	args->out->keys(&o);
	return 0;
}
