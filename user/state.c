// SPDX-License-Identifier: GPL-2.0-or-later
/* What is attached under one pin directory. */
#include "state.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "iface.h"
#include "kernel.h"
#include "lock.h"
#include "log.h"
#include "own.h"
#include "pins.h"
#include "sysctl.h"

void state_init(const char *pin_dir, struct state *ret_state)
{
	memset(ret_state, 0, sizeof(*ret_state));
	ret_state->pin_dir = pin_dir;
	ret_state->lock = -1;
	ret_state->maps = MAPS_CLOSED;
}

void state_unload(struct state *state)
{
	maps_close(&state->maps);
	free(state->ifaces);
	state->ifaces = NULL;
	state->count = 0;
}

void state_close(struct state *state)
{
	state_unload(state);
	own_fd(&state->lock);
}

int state_lock(struct state *state, bool create)
{
	int err = pins_check(state->pin_dir);

	if (!err)
		err = lock_take(state->pin_dir, create, &state->lock);
	return err == -ENOENT ? -ENOTCONN : err;
}

static bool anybody(const char *pin_dir)
{
	own(free) char(*dirs)[IFNAMSIZ] = NULL;
	size_t count = 0;

	return !pins_list(pin_dir, &dirs, &count) && count;
}

static int load_host(const char *pin_dir, struct sw_host *host)
{
	int err = maps_read_origin(pin_dir, host);

	if (err == -ENOENT)
		return anybody(pin_dir) ? maps_damaged(pin_dir, "sw_host") :
					  -ENOTCONN;
	if (err == -EACCES || err == -EPERM)
		return log_denied("%s: not permitted: needs root; try sudo",
				  pin_dir);
	if (err)
		return log_refused(err, "cannot read %s/maps/sw_host", pin_dir);
	if (!host->abi) /* an attach has only begun, or died then */
		return -ENOTCONN;
	if (host->abi == SW_ABI)
		return 0;
	return log_unsupported("pinned state is of ABI %u (synward %s), this "
			       "is ABI %u (synward " SW_VERSION "): use that "
			       "version, or %s detach --all, then attach",
			       host->abi,
			       *host->version ? host->version : "unknown",
			       SW_ABI, pins_command(pin_dir));
}

int state_absent(const char *pin_dir)
{
	return log_absent("nothing is attached under %s: %s attach IFACE",
			  pin_dir, pins_command(pin_dir));
}

/* XDP's link, without a look at whether it is on any interface. Returns 0 or
 * -errno. */
static int read_link(const char *pin_dir, const char *dir,
		     struct bpf_link_info *ret_info)
{
	__u32 len = sizeof(*ret_info);
	char path[PATH_MAX];
	own(fd) int fd = -1;

	memset(ret_info, 0, sizeof(*ret_info));
	pins_path(path, pin_dir, dir, SW_PIN_XDP);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, ret_info, &len))
		return -errno;
	return 0;
}

/* Where the link is, and what that interface is called now. A link goes with
 * its interface to another namespace, where its index may be another's here. */
static void load_link(const struct state *state, struct state_iface *iface)
{
	struct bpf_link_info link;
	int err = read_link(state->pin_dir, iface->dir, &link);

	iface->unfinished = err == -ENOENT;
	iface->dead = err || !link.xdp.ifindex;
	if (iface->dead || state->other_netns)
		return;
	iface->pinned.ifindex = link.xdp.ifindex;
	iface->moved = iface_find_carrier(link.xdp.ifindex, link.prog_id,
					  iface->name) == -ENOENT;
}

/* -ENOENT if the directory has gone since it was listed. */
static int load_iface(const struct state *state, const char *dir,
		      struct state_iface *ret_iface)
{
	struct state_iface iface = {};
	struct sw_iface *pinned;
	int err;

	err = maps_iface_open(state->pin_dir, dir, &pinned);
	if (err)
		return err;
	iface.pinned = *pinned;
	maps_iface_close(pinned);
	strcpy(iface.dir, dir);
	pins_decode(dir, iface.name);
	load_link(state, &iface);
	*ret_iface = iface;
	return 0;
}

static int by_index(const void *a, const void *b)
{
	const struct state_iface *left = a, *right = b;

	return (left->pinned.ifindex > right->pinned.ifindex) -
	       (left->pinned.ifindex < right->pinned.ifindex);
}

static int load_ifaces(struct state *state)
{
	own(free) char(*dirs)[IFNAMSIZ] = NULL;
	size_t count = 0;
	int err = pins_list(state->pin_dir, &dirs, &count);

	if (err && err != -ENOENT) /* else it has just been removed */
		return err;
	if (!count)
		return -ENOTCONN;
	state->ifaces = calloc(count, sizeof(*state->ifaces));
	if (!state->ifaces)
		return -ENOMEM;
	for (size_t i = 0; i < count && !err; i++) {
		err = load_iface(state, dirs[i], &state->ifaces[state->count]);
		if (!err)
			state->count++;
		if (err == -ENOENT)
			err = 0;
	}
	if (!err && !state->count)
		err = -ENOTCONN;
	qsort(state->ifaces, state->count, sizeof(*state->ifaces), by_index);
	return err;
}

int state_load(struct state *state)
{
	int err = load_host(state->pin_dir, &state->host);

	if (err)
		return err;
	state->other_netns = state->host.netns_cookie != kernel_netns_cookie();
	err = load_ifaces(state);
	if (err && err != -ENOTCONN)
		err = log_refused(err, "cannot read what is pinned in %s",
				  state->pin_dir);
	return err;
}

bool state_alive(const struct state *state)
{
	for (size_t i = 0; i < state->count; i++)
		if (!state->ifaces[i].dead)
			return true;
	return false;
}

static int load_finished(struct state *state)
{
	int err = state_load(state);

	if (err)
		return err;
	for (size_t i = 0; i < state->count; i++)
		if (!state->ifaces[i].unfinished)
			return 0;
	state_unload(state);
	return -ENOTCONN;
}

/* Nouns take no lock: a detach may go on between our reading who is attached
 * and opening the maps. Then the second look says so. */
int state_open(struct state *state)
{
	const char *missing;
	int err = pins_check(state->pin_dir) ?: load_finished(state);

	if (err || !maps_try_open(state->pin_dir, &state->maps, &missing))
		return err;
	state_unload(state);
	return load_finished(state) ?: maps_open(state->pin_dir, &state->maps);
}

static bool is_here(const struct state_iface *iface)
{
	return !iface->dead && !iface->moved;
}

struct state_iface *state_find(const struct state *state, const char *name)
{
	struct state_iface *gone = NULL;

	for (size_t i = 0; i < state->count; i++) {
		if (strcmp(state->ifaces[i].name, name))
			continue;
		if (is_here(&state->ifaces[i]))
			return &state->ifaces[i];
		gone = &state->ifaces[i];
	}
	return gone;
}

struct state_iface *state_find_renamed(const struct state *state,
				       const char *former)
{
	char dir[IFNAMSIZ];

	pins_encode(former, dir);
	for (size_t i = 0; i < state->count; i++)
		if (!strcmp(state->ifaces[i].dir, dir) &&
		    strcmp(state->ifaces[i].name, former))
			return &state->ifaces[i];
	return NULL;
}

/* Other pin directories' interfaces would have all their clients reset. Where
 * that cannot be found out, 1 does no harm: it is the kernel's default. */
static bool needed_by_others(void)
{
	char name[IFNAMSIZ];
	int err = iface_find_synward(name);

	if (err == -ENOENT)
		return false;
	log_warn("net.ipv4.tcp_syncookies was 0 and is left at 1, which %s "
		 "needs; when that is detached, too: sysctl -w "
		 "net.ipv4.tcp_syncookies=0",
		 err ? "another synward perhaps" : name);
	return true;
}

/* Puts 0 back, if that is how attach found it. Ours are off by now. */
static bool restore_syncookies(const struct sw_host *host)
{
	int now;

	/* abi 0: an attach died before it changed anything */
	if (!host->abi || host->tcp_syncookies_before)
		return false;
	if (host->abi == SW_ABI &&
	    host->netns_cookie != kernel_netns_cookie()) {
		log_warn("attach had set net.ipv4.tcp_syncookies from 0 to 1 "
			 "in another network namespace; if that still exists: "
			 "sysctl -w net.ipv4.tcp_syncookies=0 there");
		return false;
	}
	if (sysctl_syncookies_read(&now) || now != 1)
		return false; /* somebody has had other ideas since */
	if (needed_by_others())
		return false;
	if (sysctl_syncookies_write(0)) {
		log_warn("cannot put net.ipv4.tcp_syncookies back to 0");
		return false;
	}
	return true;
}

int state_remove(const char *pin_dir, bool keep_dir,
		 struct state_removal *ret_removal)
{
	struct sw_host host = {};
	int err;

	maps_read_origin(pin_dir, &host);
	ret_removal->syncookies_restored = false;
	err = pins_withdraw_all(pin_dir);
	if (err)
		return err;
	/* before the note of it goes, or a kill would lose it */
	ret_removal->syncookies_restored = restore_syncookies(&host);
	return keep_dir ? pins_clear(pin_dir) : pins_remove(pin_dir);
}
