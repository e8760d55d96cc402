// SPDX-License-Identifier: GPL-2.0-or-later
/* Attaching as a transaction. Every step is undone by the one place that knows
 * how: pins.c for one interface, state.c for all that they share. */
#include "attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "kernel.h"
#include "keys.h"
#include "log.h"
#include "own.h"
#include "pins.h"
#include "state.h"
#include "sysctl.h"

/* Everything that one run hands from step to step. */
struct work {
	const struct attach *attach;
	struct state state;
	struct iface *ifaces; /* attach->count of them */
	bool first;           /* nothing was attached before */
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
	return log_usage("%s: differs from what is in force for all interfaces "
			 "under %s: leave it out, change it for all (%s mode), "
			 "or use another --pin-dir",
			 option, w->state.pin_dir,
			 pins_command(w->state.pin_dir));
}

static int refuse_attached(const struct work *w, const char *name)
{
	const struct state_iface *found = state_find(&w->state, name);
	char dir[IFNAMSIZ];

	if (found && found->pinned.draining)
		return log_usage("%s: is attached, and a detach of it was "
				 "killed: %s detach %s",
				 name, pins_command(w->state.pin_dir), name);
	if (found)
		return log_usage("%s: is already attached; to undo that: %s "
				 "detach %s",
				 name, pins_command(w->state.pin_dir), name);
	pins_encode(name, dir);
	for (size_t i = 0; i < w->state.count; i++)
		if (!strcmp(w->state.ifaces[i].dir, dir))
			return log_usage("%s: its pins' name is taken by %s, "
					 "which was called so when it was "
					 "attached: %s detach %s",
					 name, w->state.ifaces[i].name,
					 pins_command(w->state.pin_dir),
					 w->state.ifaces[i].name);
	return 0;
}

/* Interfaces that were deleted leave pins that hold nothing. */
static int withdraw_dead(struct work *w)
{
	size_t alive = 0;
	int err = 0;

	for (size_t i = 0; i < w->state.count && !err; i++) {
		if (w->state.ifaces[i].dead)
			err = pins_withdraw(w->state.pin_dir,
					    w->state.ifaces[i].dir);
		else
			w->state.ifaces[alive++] = w->state.ifaces[i];
	}
	w->state.count = alive;
	return err;
}

/* Finds out whether we join others, and takes away what the dead left. */
static int find_others(struct work *w)
{
	struct state_removal removal;
	int err = state_load(&w->state);

	if (!err)
		err = withdraw_dead(w);
	if (err && err != -ENOTCONN)
		return err;
	if (!err && w->state.count)
		return 0;
	w->first = true;
	state_unload(&w->state);
	return state_remove(w->state.pin_dir, true, &removal) ?:
		       pins_make_rooms(w->state.pin_dir);
}

static int join_others(struct work *w)
{
	if (w->first)
		return 0;
	if (w->state.other_netns)
		return log_usage("--pin-dir %s: serves another network "
				 "namespace: use another --pin-dir for this "
				 "one",
				 w->state.pin_dir);
	return maps_open(w->state.pin_dir, &w->state.maps) ?:
							     refuse_conflict(w);
}

/* No device is touched before all of them have passed. */
static int check_ifaces(struct work *w)
{
	int err = 0;

	for (size_t i = 0; i < w->attach->count && !err; i++) {
		struct iface *iface = &w->ifaces[i];

		err = iface_read(w->attach->names[i], iface)  ?:
			      refuse_attached(w, iface->name) ?:
			      iface_refuse(iface, iface_refusal(iface));
		for (size_t k = 0; k < i && !err; k++)
			if (w->ifaces[k].index == iface->index)
				err = log_usage("%s: is named twice",
						iface->name);
	}
	return err;
}

static int fill_keys(const struct maps *maps, __u64 now_ns)
{
	struct sw_keyring ring;
	int err = keys_make_ring(now_ns, &ring);

	if (err)
		return err;
	err = maps_write_ring(maps, 0, &ring);
	keys_wipe(&ring);
	return err ? log_refused(err, "cannot write the keys") : 0;
}

static void fill_config(const struct maps *maps,
			const struct settings *settings, __s64 clock_offset_ns)
{
	const struct sw_config config = {
		.mode = settings->mode,
		.start_percent = settings->start_percent,
		.listed_only = settings->listed_only,
		.clock_offset_ns = clock_offset_ns,
		.rmem_max = sysctl_rmem_max(),
	};

	maps_write_config(maps, &config);
}

/* At 0 the kernel resets connections that are handed to it finished. That it
 * was 0 is written down before it is changed. */
static int fill_host(const struct maps *maps, __u64 now_ns)
{
	struct sw_host host = { .abi = SW_ABI,
				.tcp_syncookies_before = -1,
				.netns_cookie = kernel_netns_cookie(),
				.created_ns = now_ns,
				.version = SW_VERSION };
	int value, err = sysctl_syncookies_read(&value);

	if (err)
		return log_refused(err, "cannot read net.ipv4.tcp_syncookies");
	if (!value)
		host.tcp_syncookies_before = value;
	err = maps_write_host(maps, &host);
	if (err)
		return log_refused(err, "cannot write sw_host");
	err = value ? 0 : sysctl_syncookies_write(1);
	if (err)
		return log_refused(err, "net.ipv4.tcp_syncookies is 0 and "
					"cannot be set to 1, without which the "
					"kernel takes no connection from us");
	if (value == 2)
		log_warn("net.ipv4.tcp_syncookies is 2: the kernel answers "
			 "what we pass with cookies of its own, so its queues "
			 "never fill and mode adaptive never challenges: "
			 "sysctl -w net.ipv4.tcp_syncookies=1");
	return 0;
}

/* First contents of the shared maps, and the timer. */
static int fill_shared(const struct work *w, const struct dataplane *plane,
		       const struct maps *maps)
{
	__s64 offset_ns = clock_offset();
	__u64 now_ns = clock_now(offset_ns);
	int err;

	fill_config(maps, &w->attach->wanted, offset_ns);
	err = fill_keys(maps, now_ns);
	if (err)
		return err;
	err = maps_write_ports(maps, &w->attach->wanted.ports);
	if (err)
		return log_refused(err, "cannot write the ports");
	return fill_host(maps, now_ns) ?: dataplane_start_timer(plane);
}

static int attach_links(const struct work *w, const struct dataplane *plane,
			const struct maps *maps, const struct iface *iface,
			bool *ret_native)
{
	struct sw_iface *pinned;
	int err = maps_iface_open(w->state.pin_dir, PINS_NEW, &pinned);

	if (err)
		return log_refused(err, "%s: cannot open its sw_iface",
				   iface->name);
	pinned->ifindex = iface->index;
	pinned->attached_ns = clock_now(maps->config->clock_offset_ns);
	err = dataplane_attach(plane, w->state.pin_dir, iface, w->attach->xdp,
			       ret_native);
	if (!err)
		maps_iface_store(&pinned->xdp_native, *ret_native);
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
		err = fill_shared(w, plane, &maps);
	if (!err)
		err = attach_links(w, plane, &maps, iface, ret_native);
	maps_close(&maps);
	return err;
}

static int attach_one(const struct work *w, const struct iface *iface,
		      bool *ret_native)
{
	struct dataplane plane;
	char dir[IFNAMSIZ];
	int err = pins_begin(w->state.pin_dir) ?:
			  dataplane_load(w->state.pin_dir, &plane);

	if (err)
		return err;
	pins_encode(iface->name, dir);
	err = attach_loaded(w, &plane, iface, ret_native) ?:
		      pins_publish(w->state.pin_dir, dir);
	dataplane_close(&plane);
	return err;
}

static void roll_back(const struct work *w)
{
	struct state_removal removal;
	char dir[IFNAMSIZ];

	if (w->first) {
		state_remove(w->state.pin_dir, false, &removal);
		return;
	}
	pins_withdraw_new(w->state.pin_dir);
	for (size_t i = 0; i < w->done; i++) {
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
	int err = find_others(w) ?: join_others(w) ?: check_ifaces(w);

	for (; w->done < w->attach->count && !err; w->done += !err)
		err = attach_one(w, &w->ifaces[w->done],
				 &result->native[w->done]);
	return err ?: describe(w, result);
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
	own_state(&w.state);
	if (err)
		free(result.native);
	else
		*ret_result = result;
	return err;
}
