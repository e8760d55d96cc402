/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to know of each reason: tables made of include/reason.h. */
#ifndef SYNWARD_REASONS_H
#define SYNWARD_REASONS_H

#include <linux/types.h>
#include <stdbool.h>

#include "synward.h"

struct reasons_row {
	const char *name; /* the counter's, in struct sw_reasons */
	const char *help;
	enum sw_weight weight;
	enum sw_column column; /* of struct sw_half_open, in any mode */
	bool would;            /* a verdict that was not carried out */
};

/* Indexed by enum sw_reason; those from SW_TC_UNMARKED on are TC's. */
extern const struct reasons_row reasons_table[SW_REASONS];

/* "normal", "attack", "fault". */
const char *reasons_weight_name(enum sw_weight weight);

/* Half-open statistics of the counters, without cookies_open. Pure. */
void reasons_half_open(const struct sw_reasons *counters,
		       struct sw_half_open *ret_sum);

/* Packets that XDP (tc false) or TC saw: the sum of its reasons. Pure. */
__u64 reasons_packets(const struct sw_reasons *counters, bool tc);

#endif
