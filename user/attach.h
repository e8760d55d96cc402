/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching as a transaction: all the interfaces, or the state as before. */
#ifndef SYNWARD_ATTACH_H
#define SYNWARD_ATTACH_H

#include "dataplane.h"
#include "iface.h"
#include "keys.h"
#include "settings.h"

struct attach {
	const char *pin_dir;
	char **names; /* of interfaces */
	size_t count;
	unsigned given; /* enum settings_given */
	struct settings wanted;
	const char *key_file;         /* NULL = none */
	const struct keys_root *root; /* that file's, or NULL */
	enum dataplane_xdp xdp;
};

struct attach_result {
	struct settings in_force;
	bool *native;        /* per interface; the caller frees */
	bool syncookies_set; /* net.ipv4.tcp_syncookies was 0, is 1 */
};

/* Returns 0 or a logged error's class. */
int attach_run(const struct attach *attach, struct attach_result *ret_result);

#endif
