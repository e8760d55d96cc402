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

/* Attaches to the tracepoint and pins its link in maps/new; it does nothing
 * without TC. */
int dataplane_attach_made(const struct dataplane *plane, const char *pin_dir);

/* Attaches TC and pins its link in maps/new; without XDP it does nothing. */
int dataplane_attach_tc(const struct dataplane *plane, const char *pin_dir,
			const struct iface *iface);

/*
 * Attaches XDP; the maps must be filled and TC be there. *ret_native says which
 * XDP it became. Until dataplane_keep_xdp has pinned the link in PIN_DIR/dir it
 * ends with this process.
 */
int dataplane_attach_xdp(const struct dataplane *plane,
			 const struct iface *iface, enum dataplane_xdp wanted,
			 int *ret_link, bool *ret_native);
int dataplane_keep_xdp(int link, const char *pin_dir, const char *dir);

#endif
