/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pinned maps: every other file reads and writes them through this one.
 * What the values mean is said in include/synward.h. Unless said otherwise,
 * functions return 0 or -errno and log nothing.
 */
#ifndef SYNWARD_MAPS_USER_H
#define SYNWARD_MAPS_USER_H

#include <linux/types.h>
#include <stddef.h>

#include "settings.h"
#include "synward.h"

struct maps {
	int host, keys, ports, reasons, services, totals;
	struct sw_config *config; /* memory-mapped: live */
};

#define MAPS_CLOSED ((struct maps){ -1, -1, -1, -1, -1, -1, NULL })

/* One service with the port that it is for; 0 = all beyond the table. */
struct maps_service {
	__u32 port;
	struct sw_service row;
};

/*
 * What is known of state of any ABI: abi, tcp_syncookies_before, and version,
 * empty if it cannot be read. The rest means something in our own ABI only.
 */
int maps_read_origin(const char *pin_dir, struct sw_host *ret_host);

/* Logs that a pin is missing, and the cure; returns -EIO. */
int maps_damaged(const char *pin_dir, const char *name);

/* All pinned maps of this ABI; what cannot be opened is missing, and maps_open
 * logs that. */
int maps_open(const char *pin_dir, struct maps *ret_maps);
int maps_try_open(const char *pin_dir, struct maps *ret_maps,
		  const char **ret_missing);
void maps_close(struct maps *maps);

int maps_read_totals(const struct maps *maps, struct sw_totals *ret_totals);
int maps_read_settings(const struct maps *maps, struct settings *ret_settings);

/* Both generations in force; the caller wipes them (keys_wipe). */
int maps_read_ring(const struct maps *maps, struct sw_keyring *ret_ring);

/* Services by port, lowest first. The caller frees the array. */
int maps_read_services(const struct maps *maps,
		       struct maps_service **ret_services, size_t *ret_count);

/* The sum of all rows over all CPUs, as it is now. */
int maps_read_reasons(const struct maps *maps, struct sw_reasons *ret_sum);

/* First contents, before any packet can see them. */
int maps_write_host(const struct maps *maps, const struct sw_host *host);
int maps_write_ring(const struct maps *maps, __u32 slot,
		    const struct sw_keyring *ring);
int maps_write_ports(const struct maps *maps, const struct ports *ports);
void maps_write_config(const struct maps *maps, const struct sw_config *config);

/*
 * Puts another ring in force while packets read: it goes where none of them
 * looks, then they are told by one store.
 */
int maps_replace_ring(const struct maps *maps, const struct sw_keyring *ring);

/* What may change while packets read it: one field, one store. Mode, start and
 * end; a packet between two of the stores decides by a mixture, harmlessly. */
void maps_store_mode(const struct maps *maps, const struct settings *settings);

/* PIN_DIR/a/sw_iface (or the same below maps/new), mapped for one-field
 * stores. */
int maps_iface_open(const char *pin_dir, const char *dir,
		    struct sw_iface **ret_iface);
void maps_iface_close(struct sw_iface *iface);
void maps_iface_store(__u32 *field, __u32 value);

#endif
