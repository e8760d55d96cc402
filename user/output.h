/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands have to say, and the two ways of saying it: text for people,
 * JSON for programs. An output formats; it reads no map and decides nothing.
 */
#ifndef SYNWARD_OUTPUT_H
#define SYNWARD_OUTPUT_H

#include <linux/types.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "keys.h"
#include "settings.h"
#include "stats.h"

#define OUTPUT_SCHEMA 1 /* of the JSON documents */

struct output_attach {
	const char *pin_dir;
	char *const *names; /* of interfaces */
	const bool *native; /* XDP, of each */
	bool automatic;     /* generic only where there is no native */
	size_t count;
	const struct settings *settings;
	bool listeners_known;
	struct ports listeners;
	bool syncookies_set; /* from 0 to 1 */
};

struct output_detach {
	char (*names)[IFNAMSIZ];
	size_t count;
	bool last;
	bool syncookies_restored; /* from 1 to 0 */
};

struct output_mode {
	enum sw_mode before;
	const struct settings *now;
};

struct output_key {
	char fingerprint[KEYS_FINGERPRINT];
	__u32 generation;
	bool in_force;
	bool from_file; /* else random */
	__u64 made_ns;
	__u64 first_epoch;    /* of which it is the key */
	__u64 end_epoch;      /* the first that is not its; 0 = none known */
	__u64 valid_until_ns; /* its last cookie's end; 0 = until it is rolled */
};

struct output_keys {
	__u64 now_ns, epoch;
	__u64 rotate_from_ns; /* when it is possible; past = now */
	struct output_key keys[2];
	size_t count;
};

struct output {
	void (*attach)(const struct output_attach *o);
	void (*detach)(const struct output_detach *o);
	void (*mode)(const struct output_mode *o);
	void (*status)(const struct stats_status *s);
	void (*stats)(const struct stats_counters *c);
	void (*keys)(const struct output_keys *o);
	void (*keys_rotate)(const struct output_keys *o); /* as it is now */
	void (*version)(const char *version, unsigned abi);
};

extern const struct output output_text;
extern const struct output output_json;

/* output_text's status, in a file of its own: output_status.c. */
void output_status(const struct stats_status *s);

#endif
