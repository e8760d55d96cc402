/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is attached under one pin directory: which interfaces, by which ABI,
 * for which network namespace. Nouns open it, writers lock it.
 */
#ifndef SYNWARD_STATE_H
#define SYNWARD_STATE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "maps.h"

struct state_iface {
	char dir[IFNAMSIZ];  /* below PIN_DIR */
	char name[IFNAMSIZ]; /* now; it may have been renamed since attach */
	struct sw_iface pinned;
	bool dead; /* interface deleted, or its XDP link taken off by force */
	bool unfinished; /* dead, too: an attach or a detach of it is not over,
			    or was killed */
	bool moved;      /* it is in another network namespace now */
};

/* Does TC have to find out for itself what XDP has found? */
static inline bool state_iface_blind(const struct state_iface *iface)
{
	return iface->pinned.no_room ||
	       (iface->pinned.marks_set && !iface->pinned.marks_seen);
}

struct state {
	const char *pin_dir;
	int lock;         /* -1 = none */
	struct maps maps; /* state_open's */
	struct sw_host host;
	struct state_iface *ifaces;
	size_t count;
	bool other_netns; /* attached from another network namespace */
};

/* What state_remove did. */
struct state_removal {
	bool syncookies_restored; /* net.ipv4.tcp_syncookies is 0 again */
};

/* Closes, and gives the lock back; also for own_by(). */
void state_close(struct state *state);

/* An empty state without lock. */
void state_init(const char *pin_dir, struct state *ret_state);

/*
 * Reads who is attached. Returns -ENOTCONN, unlogged, if nobody is;
 * -EOPNOTSUPP, logged, if it is of another ABI; or another logged class.
 */
int state_load(struct state *state);
void state_unload(struct state *state);

/* For those who only look: pins_check, state_load, and opens the maps, too.
 * Interfaces that are all unfinished are nobody. */
int state_open(struct state *state);

/* Is any of its interfaces still served? Those that are gone are not. */
bool state_alive(const struct state *state);

/* Logs -ENOTCONN, with the cure. */
int state_absent(const char *pin_dir);

/* For writers: pins_check and the lock. -ENOTCONN, unlogged, if there is no
 * directory and create is false. */
int state_lock(struct state *state, bool create);

/* The interface that is called so, or was before it was deleted or moved; or
 * NULL. */
struct state_iface *state_find(const struct state *state, const char *name);

/* The interface that was called so and has another name now; or NULL. */
struct state_iface *state_find_renamed(const struct state *state,
				       const char *former);

/*
 * Takes everything away, of whatever ABI: links, pins, and what attach did to
 * tcp_syncookies. With keep_dir the (locked) directory stays. Logged.
 */
int state_remove(const char *pin_dir, bool keep_dir,
		 struct state_removal *ret_removal);

#endif
