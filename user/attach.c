// SPDX-License-Identifier: GPL-2.0-or-later
/* Attaching as a transaction. Every step is undone by the one place that knows
 * how: pins.c for one interface, state.c for all that they share. */
#include "attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "contents.h"
#include "log.h"
#include "own.h"
#include "pins.h"
#include "state.h"

/* Everything that one run hands from step to step. */
struct work {
	const struct attach *attach;
	struct state state;
	struct iface *ifaces; /* attach->count of them */
	struct settings wanted;
	bool first; /* nothing was attached before */
	bool began; /* something may have been changed */
	size_t done;
};

static int refuse_conflict(const struct work *w)
{
	struct settings in_force;
	const char *option;
	int err = maps_read_settings(&w->state.maps, &in_force);

	if (err)
		return log_refused(err, "cannot read the settings in force");
	option = settings_conflict(w->attach->given, &w->attach->wanted,
				   &in_force);
	if (!option)
		return 0;
	return log_usage(
		"%s: differs from what is in force for all interfaces "
		"under %s: leave it out, change it for all (%s %s), "
		"or use another --pin-dir",
		option, w->state.pin_dir, pins_command(w->state.pin_dir),
		strcmp(option, "--port") && strcmp(option, "--despite-nat") ?
			"mode" :
			"detach --all, then attach all with it");
}

/* The one that waits for its epoch will do, too. */
static int refuse_other_keys(const struct work *w)
{
	const struct maps *maps = &w->state.maps;
	__u64 now_ns = clock_now(maps->config->clock_offset_ns);
	struct sw_keyring ring;
	bool same;
	int err;

	if (!w->attach->root)
		return 0;
	err = maps_read_ring(maps, &ring);
	if (err)
		return log_refused(err, "cannot read the keys");
	same = keys_is_of(&ring, keys_in_force(&ring, now_ns),
			  w->attach->root) ||
	       keys_is_of(&ring, keys_newest(&ring), w->attach->root);
	keys_wipe(&ring);
	if (same)
		return 0;
	return log_usage("--key-file %s: is not where the key in force for all "
			 "interfaces under %s comes from: leave it out, or go "
			 "over to it first: %s keys rotate --key-file %s",
			 w->attach->key_file, w->state.pin_dir,
			 pins_command(w->state.pin_dir), w->attach->key_file);
}

/* An interface that is attached and challenges nobody: as we hold the lock,
 * a detach of it was killed. To attach it is to undo that. */
static const struct state_iface *detach_killed(const struct work *w,
					       const char *name)
{
	const struct state_iface *found = state_find(&w->state, name);

	return found && !found->dead && !found->moved &&
			       found->pinned.draining ?
		       found :
		       NULL;
}

/* It goes on as it was attached, so it must be what is asked for. */
static int refuse_resumed(const struct work *w, const struct state_iface *found)
{
	bool native = w->attach->xdp == DATAPLANE_XDP_NATIVE;

	if (w->attach->xdp == DATAPLANE_XDP_AUTO ||
	    native == found->pinned.xdp_native)
		return 0;
	return log_usage("--xdp: %s is attached otherwise, and a detach of it "
			 "was killed: %s detach %s, then attach it",
			 found->name, pins_command(w->state.pin_dir),
			 found->name);
}

static int refuse_attached(const struct work *w, const char *name)
{
	const struct state_iface *found = state_find(&w->state, name);
	char dir[IFNAMSIZ];

	if (found && found->dead)
		return 0;
	if (found && found->moved)
		return log_usage("%s: its pins' name is taken by one that was "
				 "called so and is in another network "
				 "namespace now: %s detach %s",
				 name, pins_command(w->state.pin_dir), name);
	if (found)
		return log_usage("%s: is already attached; to undo that: %s "
				 "detach %s",
				 name, pins_command(w->state.pin_dir), name);
	pins_encode(name, dir);
	for (size_t i = 0; i < w->state.count; i++)
		if (!w->state.ifaces[i].dead &&
		    !strcmp(w->state.ifaces[i].dir, dir))
			return log_usage("%s: its pins' name is taken by %s, "
					 "which was called so when it was "
					 "attached: %s detach %s",
					 name, w->state.ifaces[i].name,
					 pins_command(w->state.pin_dir),
					 w->state.ifaces[i].name);
	return 0;
}

/* Finds out whether we join others. Interfaces that were deleted, or whose
 * link was taken off by force, are none. */
static int find_others(struct work *w)
{
	int err = state_load(&w->state);

	if (err && err != -ENOTCONN)
		return err;
	w->first = true;
	for (size_t i = 0; i < w->state.count && !err; i++)
		w->first &= w->state.ifaces[i].dead;
	return 0;
}

/* What was not given is as it is by default; and end is half of start. */
static int settle_first(struct work *w)
{
	struct settings base;

	settings_default(&base);
	base.end_percent = 0;
	w->wanted = w->attach->wanted;
	return settings_bounds(w->attach->given, &base, &w->wanted);
}

static int join_others(struct work *w)
{
	if (w->first)
		return settle_first(w);
	if (w->state.other_netns)
		return log_usage("--pin-dir %s: serves another network "
				 "namespace: use another --pin-dir for this "
				 "one",
				 w->state.pin_dir);
	return maps_open(w->state.pin_dir, &w->state.maps) ?:
		       refuse_conflict(w)                  ?:
							     refuse_other_keys(w);
}

static int check_iface(const struct work *w, const char *name,
		       struct iface *iface)
{
	const struct state_iface *found;
	int err = iface_read(name, iface);

	if (err)
		return err;
	found = detach_killed(w, iface->name);
	if (found)
		return refuse_resumed(w, found);
	return refuse_attached(w, iface->name) ?:
		       iface_refuse(iface, iface_refusal(iface));
}

/* No device is touched before all of them have passed. */
static int check_ifaces(struct work *w)
{
	int err = 0;

	for (size_t i = 0; i < w->attach->count && !err; i++) {
		struct iface *iface = &w->ifaces[i];

		err = check_iface(w, w->attach->names[i], iface);
		for (size_t k = 0; k < i && !err; k++)
			if (w->ifaces[k].index == iface->index)
				err = log_usage(
					"%s: is named twice: once will do",
					iface->name);
	}
	return err;
}

/* Takes away what the dead left. Nothing is changed before this. */
static int make_room(struct work *w)
{
	struct state_removal removal;
	int err = 0;

	if (w->first) {
		state_unload(&w->state);
		err = state_remove(w->state.pin_dir, true, &removal);
		w->began = !err;
		return err ?: pins_make_rooms(w->state.pin_dir);
	}
	w->began = true;
	for (size_t i = 0; i < w->state.count && !err; i++)
		if (w->state.ifaces[i].dead)
			err = pins_withdraw(w->state.pin_dir,
					    w->state.ifaces[i].dir);
	return err;
}

/* The pin of XDP's link is what makes it attached. */
static int attach_xdp(const struct work *w, const struct dataplane *plane,
		      const struct iface *iface, struct sw_iface *pinned,
		      bool *ret_native)
{
	own(fd) int link = -1;
	char dir[IFNAMSIZ];
	int err = dataplane_attach_xdp(plane, iface, w->attach->xdp, &link,
				       ret_native);

	if (err)
		return err;
	pins_encode(iface->name, dir);
	maps_iface_store(&pinned->xdp_native, *ret_native);
	return dataplane_keep_xdp(link, w->state.pin_dir, dir);
}

static int attach_links(const struct work *w, const struct dataplane *plane,
			const struct maps *maps, const struct iface *iface,
			bool *ret_native)
{
	struct sw_iface *pinned;
	char dir[IFNAMSIZ];
	int err = maps_iface_open(w->state.pin_dir, PINS_NEW, &pinned);

	if (err)
		return log_refused(err, "%s: cannot open its sw_iface",
				   iface->name);
	pins_encode(iface->name, dir);
	pinned->ifindex = iface->index;
	pinned->attached_ns = clock_now(maps->config->clock_offset_ns);
	err = dataplane_attach_made(plane, w->state.pin_dir)              ?:
		      dataplane_attach_tc(plane, w->state.pin_dir, iface) ?:
		      pins_publish(w->state.pin_dir, dir)                 ?:
		      attach_xdp(w, plane, iface, pinned, ret_native);
	maps_iface_close(pinned);
	return err;
}

static int attach_loaded(const struct work *w, const struct dataplane *plane,
			 const struct iface *iface, bool *ret_native)
{
	struct maps maps;
	int err = maps_open(w->state.pin_dir, &maps);

	if (err)
		return err;
	if (w->first && !w->done)
		err = contents_write(&maps, &w->wanted, w->attach->root) ?:
			      dataplane_start_timer(plane);
	if (!err)
		err = attach_links(w, plane, &maps, iface, ret_native);
	maps_close(&maps);
	return err;
}

static int attach_one(const struct work *w, const struct iface *iface,
		      bool *ret_native)
{
	const struct state_iface *found = detach_killed(w, iface->name);
	struct dataplane plane;
	int err;

	if (found) { /* resume() follows when nothing can fail any more */
		*ret_native = found->pinned.xdp_native;
		return 0;
	}
	err = pins_begin(w->state.pin_dir) ?:
		      dataplane_load(w->state.pin_dir, &plane);
	if (err)
		return err;
	err = attach_loaded(w, &plane, iface, ret_native);
	dataplane_close(&plane);
	return err;
}

/* Those whose detach was killed challenge again. */
static void resume(const struct work *w)
{
	const struct state_iface *found;
	struct sw_iface *pinned;

	for (size_t i = 0; i < w->attach->count; i++) {
		found = detach_killed(w, w->ifaces[i].name);
		if (!found ||
		    maps_iface_open(w->state.pin_dir, found->dir, &pinned))
			continue;
		maps_iface_store(&pinned->draining, 0);
		maps_iface_close(pinned);
	}
}

static void roll_back(const struct work *w)
{
	struct state_removal removal;
	char dir[IFNAMSIZ];

	if (!w->began) {
		pins_remove_empty(w->state.pin_dir);
		return;
	}
	if (w->first) {
		state_remove(w->state.pin_dir, false, &removal);
		return;
	}
	pins_withdraw_new(w->state.pin_dir);
	for (size_t i = 0; i <= w->done && i < w->attach->count; i++) {
		if (detach_killed(w, w->ifaces[i].name))
			continue;
		pins_encode(w->ifaces[i].name, dir);
		pins_withdraw(w->state.pin_dir, dir);
	}
}

static int describe(const struct work *w, struct attach_result *result)
{
	struct sw_host host = {};
	struct maps maps;
	int err = maps_open(w->state.pin_dir, &maps);

	if (err)
		return err;
	err = maps_read_settings(&maps, &result->in_force);
	maps_close(&maps);
	if (!err)
		err = maps_read_origin(w->state.pin_dir, &host);
	if (err)
		return log_refused(err, "cannot read what was attached");
	result->syncookies_set = w->first && !host.tcp_syncookies_before;
	return 0;
}

static int run(struct work *w, struct attach_result *result)
{
	int err = find_others(w)          ?:
			  join_others(w)  ?:
			  check_ifaces(w) ?:
					    make_room(w);

	for (; w->done < w->attach->count && !err; w->done += !err)
		err = attach_one(w, &w->ifaces[w->done],
				 &result->native[w->done]);
	if (!err)
		err = describe(w, result);
	if (!err)
		resume(w);
	return err;
}

int attach_run(const struct attach *attach, struct attach_result *ret_result)
{
	struct attach_result result = {};
	struct work w = { .attach = attach };
	int err;

	state_init(attach->pin_dir, &w.state);
	err = state_lock(&w.state, true);
	if (err)
		return err;
	w.ifaces = calloc(attach->count, sizeof(*w.ifaces));
	result.native = calloc(attach->count, sizeof(*result.native));
	err = w.ifaces && result.native ? run(&w, &result) :
					  log_refused(ENOMEM, "attach");
	if (err)
		roll_back(&w);
	free(w.ifaces);
	state_close(&w.state);
	if (err)
		free(result.native);
	else
		*ret_result = result;
	return err;
}
