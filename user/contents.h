/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the shared maps, and this host, must hold before a packet comes. */
#ifndef SYNWARD_CONTENTS_H
#define SYNWARD_CONTENTS_H

#include "keys.h"
#include "maps.h"
#include "settings.h"

/*
 * Settings, new keys, listed ports, and what is to be put back at the end.
 * The keys are root's, or, if that is NULL, of a random one.
 * Sets net.ipv4.tcp_syncookies to 1, if it is 0. Returns 0 or a logged
 * error's class.
 */
int contents_write(const struct maps *maps, const struct settings *wanted,
		   const struct keys_root *root);

#endif
