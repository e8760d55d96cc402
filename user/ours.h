/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which names in a pin directory are of ours, of whatever ABI: the directory
 * may be somebody else's, given by mistake.
 */
#ifndef SYNWARD_OURS_H
#define SYNWARD_OURS_H

#include <dirent.h>
#include <stdbool.h>

/* A pinned map: those of every version are called sw_*. */
bool ours_is_map(const struct dirent *entry);

/* PIN_DIR/IFNAME. */
bool ours_is_iface_dir(const char *pin_dir, const struct dirent *entry);

/* Is there nothing else in the directory? -EINVAL, logged, if there is. */
int ours_check(const char *pin_dir);

#endif
