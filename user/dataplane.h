/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs: owns the skeleton, and takes them from there into the kernel
 * and onto an interface.
 */
#ifndef SYNWARD_DATAPLANE_H
#define SYNWARD_DATAPLANE_H

#include <stdbool.h>

#include "iface.h"

struct synward; /* the skeleton */

struct dataplane {
	struct synward *skeleton;
};

/* How XDP shall run. */
enum dataplane_xdp {
	DATAPLANE_XDP_AUTO, /* native; generic only where there is no native */
	DATAPLANE_XDP_NATIVE,
	DATAPLANE_XDP_GENERIC,
};

/* Reads "auto", "native" or "generic"; -EINVAL, logged, for anything else. */
int dataplane_xdp_parse(const char *word, enum dataplane_xdp *ret_xdp);

/*
 * Loads the programs for one interface. Maps that PIN_DIR has are shared,
 * others are pinned there; sw_iface is pinned in maps/new (pins_begin). All
 * errors here are logged; close what was loaded, pins and links stay.
 */
int dataplane_load(const char *pin_dir, struct dataplane *ret_plane);
void dataplane_close(struct dataplane *plane);

/* Starts the timer that sums once a second; it lives as long as its map. */
int dataplane_start_timer(const struct dataplane *plane);

/*
 * Attaches TC, then XDP, and pins both links in maps/new; the maps must be
 * filled. *ret_native says which XDP it became. On failure neither stays.
 */
int dataplane_attach(const struct dataplane *plane, const char *pin_dir,
		     const struct iface *iface, enum dataplane_xdp wanted,
		     bool *ret_native);

#endif
