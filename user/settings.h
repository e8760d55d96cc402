/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operator chooses: the words, their meaning and their defaults. */
#ifndef SYNWARD_SETTINGS_H
#define SYNWARD_SETTINGS_H

#include <linux/types.h>
#include <stdbool.h>

#include "ports.h"
#include "synward.h"

#define SETTINGS_TEXT 64 /* bytes that settings_mode_format may need */

/* Bits of what was given explicitly. */
enum settings_given {
	SETTINGS_MODE = 1,
	SETTINGS_START = 2,
	SETTINGS_PORTS = 4,
	SETTINGS_END = 8,
	SETTINGS_NAT = 16,
};

struct settings {
	enum sw_mode mode;
	unsigned start_percent; /* of a listener's backlog, 1..100 */
	unsigned end_percent;   /* the same, 1..start_percent */
	bool despite_nat;       /* challenge where netfilter has NAT */
	bool listed_only;       /* protect no port but these */
	struct ports ports;
};

void settings_default(struct settings *settings);

/* Each returns -EINVAL, having said what was wrong, or 0. */
int settings_mode_parse(const char *word, enum sw_mode *ret_mode);
int settings_start_parse(const char *text, unsigned *ret_percent);
int settings_end_parse(const char *text, unsigned *ret_percent);

/*
 * Brings start and end together. base: what holds where neither was given; its
 * end stays if it is not above start, else, and if it is 0, end is half of
 * start. -EINVAL, logged, if an end that was given is above start.
 */
int settings_bounds(unsigned given, const struct settings *base,
		    struct settings *settings);

const char *settings_mode_name(enum sw_mode mode);

/* Writes pf's words: "adaptive (start 25%, end 12%)", "always". */
void settings_mode_format(const struct settings *settings,
			  char text[SETTINGS_TEXT]);

/*
 * What of the wanted and given settings is not what is in force: "--mode",
 * "--start", "--end", "--port", "--despite-nat", or NULL if nothing differs.
 */
const char *settings_conflict(unsigned given, const struct settings *wanted,
			      const struct settings *in_force);

#endif
