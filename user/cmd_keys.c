// SPDX-License-Identifier: GPL-2.0-or-later
/* synward keys: what is known of the keys, without the keys. synward keys
 * rotate: new ones that take over at an epoch's start. */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "cmd.h"
#include "keyfile.h"
#include "keys.h"
#include "own.h"
#include "pins.h"
#include "state.h"
#include "text.h"

/* Generation 1 began when it was made, the others as long after as they were
 * announced before. */
static __u64 first_epoch(const struct sw_keyring *ring, int i)
{
	if (i)
		return ring->second_from;
	return (ring->made_ns[0] >> SW_EPOCH_SHIFT) +
	       (ring->generation[0] > 1 ? KEYS_AHEAD_EPOCHS : 0);
}

/* Which epochs a generation makes cookies for, and when its last cookie
 * dies: one epoch after the one it was made in. */
static void describe(const struct sw_keyring *ring, int i, __u64 now_ns,
		     struct output_key *ret_key)
{
	keys_fingerprint(&ring->key[i], ret_key->fingerprint);
	ret_key->generation = ring->generation[i];
	ret_key->made_ns = ring->made_ns[i];
	ret_key->from_file = ring->from_file >> i & 1;
	ret_key->first_epoch = first_epoch(ring, i);
	ret_key->in_force = i == keys_in_force(ring, now_ns);
	if (i == keys_newest(ring))
		return;
	ret_key->end_epoch = ring->second_from;
	ret_key->valid_until_ns = (ret_key->end_epoch + 1) << SW_EPOCH_SHIFT;
}

static void describe_all(const struct sw_keyring *ring, __u64 now_ns,
			 struct output_keys *o)
{
	o->now_ns = now_ns;
	o->epoch = now_ns >> SW_EPOCH_SHIFT;
	o->rotate_from_ns = keys_roll_from(ring);
	for (int i = 0; i < 2; i++)
		if (ring->made_ns[i])
			describe(ring, i, now_ns, &o->keys[o->count++]);
}

static __u64 now_of(const struct state *state)
{
	return clock_now(state->maps.config->clock_offset_ns);
}

static int read_ring(const struct state *state, struct sw_keyring *ret_ring)
{
	int err = maps_read_ring(&state->maps, ret_ring);

	return err ? log_refused(err, "cannot read the keys") : 0;
}

static int show(struct state *state, struct output_keys *o)
{
	struct sw_keyring ring;
	int err = state_open(state) ?: read_ring(state, &ring);

	if (err)
		return err;
	describe_all(&ring, now_of(state), o);
	keys_wipe(&ring);
	return 0;
}

/* Why keys_roll() would not. */
static int refuse(const struct cmd_args *args, const struct sw_keyring *ring,
		  __u64 now_ns, int err)
{
	__u64 left_ns = keys_roll_from(ring) - now_ns;

	if (err == -EBUSY)
		return log_usage("keys rotate: the last one is not over while "
				 "cookies of generation %u may come back: "
				 "possible again in %llu s",
				 ring->generation[0],
				 left_ns / CLOCK_SECOND_NS + 1);
	return log_usage("keys rotate: generation %u came from a file, which "
			 "other machines may share: %s keys rotate --key-file "
			 "FILE, or for random keys detach --all, then attach",
			 ring->generation[keys_newest(ring)],
			 pins_command(args->pin_dir));
}

static int roll(const struct cmd_args *args, struct state *state,
		const struct keys_root *root, struct output_keys *o)
{
	__u64 now_ns = now_of(state);
	struct sw_keyring ring, next;
	int err = read_ring(state, &ring);

	if (err)
		return err;
	err = keys_roll(&ring, now_ns, root, &next);
	if (err) {
		err = refuse(args, &ring, now_ns, err);
	} else {
		err = maps_replace_ring(&state->maps, &next);
		if (err)
			err = log_refused(err, "cannot write the keys");
		describe_all(&next, now_ns, o);
		keys_wipe(&next);
	}
	keys_wipe(&ring);
	return err;
}

/* A file that will not do is said before anybody waits for the lock. */
static int rotate(const struct cmd_args *args, struct state *state,
		  struct output_keys *o)
{
	own_by(keys_root_free) struct keys_root *root = NULL;
	int err = keys_start();

	if (!err && args->key_file)
		err = keyfile_read(args->key_file, &root);
	if (err)
		return err;
	if (!root)
		root = keys_root_random();
	if (!root)
		return log_refused(ENOMEM, "cannot make keys");
	return state_lock(state, false)  ?:
		       state_open(state) ?:
					   roll(args, state, root, o);
}

static int check_words(const struct cmd_args *args)
{
	if (args->count && strcmp(args->operands[0], "rotate"))
		return log_usage("keys \"%s\": expected rotate, or nothing: "
				 "synward help keys",
				 args->operands[0]);
	if (!args->count && args->key_file)
		return log_usage("keys: --key-file is for keys rotate: synward "
				 "help keys");
	return 0;
}

int cmd_keys(const struct cmd_args *args)
{
	own_by(state_close) struct state state;
	struct output_keys o = {};
	int err;

	state_init(args->pin_dir, &state);
	err = check_words(args);
	if (!err)
		err = args->count ? rotate(args, &state, &o) : show(&state, &o);
	if (err == -ENOTCONN)
		return state_absent(args->pin_dir);
	if (err)
		return err;
	if (!args->count)
		args->out->keys(&o);
	else if (args->json || args->level != LOG_QUIET)
		args->out->keys_rotate(&o);
	return 0;
}
