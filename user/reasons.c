// SPDX-License-Identifier: GPL-2.0-or-later
/* What there is to know of each reason. */
#include "reasons.h"

#include <string.h>

#define ROW(NAME, name, act, column, weight, help) \
	[SW_##NAME] = { #name, help, SW_##weight, SW_COL_##column, false },
#define ROW_WOULD(NAME, name, act, column, weight, help)         \
	[SW_WOULD_##NAME] = { "would_" #name, help, SW_##weight, \
			      SW_WOULD_COL_##column, true },

/* clang-format off */
const struct reasons_row reasons_table[SW_REASONS] = {
	[SW_GO_ON] = { "without_reason", "a bug in synward if it ever counts",
		       SW_FAULT, SW_COL_NONE, false },
	SW_REASON_TABLE(ROW, ROW_WOULD)
};
/* clang-format on */

const char *reasons_weight_name(enum sw_weight weight)
{
	static const char *const names[] = {
		[SW_NORMAL] = "normal",
		[SW_ATTACK] = "attack",
		[SW_FAULT] = "fault",
	};

	return names[weight];
}

/* The first columns of struct sw_half_open are syn_seen and then those of enum
 * sw_column in its order. */
void reasons_half_open(const struct sw_reasons *counters,
		       struct sw_half_open *ret_sum)
{
	const __u64 *count = (const __u64 *)counters;
	__u64 column[SW_COLUMNS] = {};

	for (int i = 0; i < SW_REASONS; i++)
		column[reasons_table[i].column] += count[i];
	column[SW_COL_NONE] = column[SW_COL_PASSED] +
			      column[SW_COL_CHALLENGED] + column[SW_COL_WOULD] +
			      column[SW_COL_DROPPED];
	memset(ret_sum, 0, sizeof(*ret_sum));
	memcpy(ret_sum, column, sizeof(column));
}

__u64 reasons_packets(const struct sw_reasons *counters, bool tc)
{
	const __u64 *count = (const __u64 *)counters;
	__u64 packets = 0;

	for (int i = tc ? SW_TC_UNMARKED : 0;
	     i < (tc ? SW_REASONS : SW_TC_UNMARKED); i++)
		packets += count[i];
	return packets;
}
