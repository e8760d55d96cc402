/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for people: what is going on, and is it an attack? */
#ifndef SYNWARD_STATS_H
#define SYNWARD_STATS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "maps.h"
#include "settings.h"
#include "state.h"
#include "synward.h"

#define STATS_STALE_NS 3000000000ULL /* the timer fires every second */
#define STATS_ATTACK_PPS 20          /* fewer strangers are just that */

enum stats_state {
	STATS_UNKNOWN, /* the numbers are too old to tell */
	STATS_OFF,     /* nobody is challenged, so nothing is known */
	STATS_CALM,
	STATS_FILLING, /* a listener's queue fills, for whatever reason */
	STATS_ATTACK,  /* clients that do not exist ask for connections */
};

/* One word: "calm". */
const char *stats_state_name(enum stats_state state);

/* What the judgement rests on, of one service or of all. */
struct stats_evidence {
	enum sw_mode mode;
	__u64 now_ns;
	__u64 updated_ns; /* when the rates were taken */
	struct sw_challenged challenged;
	const struct sw_half_open_rates *per_second;
};

struct stats_verdict {
	enum stats_state state;
	__u64 challenged_pps; /* or would have been, in mode observe */
	__u64 valid_permille; /* of the challenged: came back valid */
	__u64 since_ns;       /* when it began, 0 = it does not go on */
};

/*
 * Is it an attack? Clients that exist answer a challenge, so:
 *
 *	attack	challenged within the last 5 s, in the last second at least 20,
 *		and less than half of them came back valid
 *	filling	challenged within the last 5 s, in a mode that challenges only
 *		when a listener's queue fills
 *
 * Where nobody is challenged nobody can answer (mode observe, NAT, MPTCP): 20 a
 * second that would have been are taken for an attack. Pure.
 */
struct stats_verdict stats_judge(const struct stats_evidence *evidence);

/* A counter that wants attention as soon as it counts, and what cures it. */
struct stats_fault {
	enum sw_reason reason;
	const char *cure;
};

#define STATS_FAULTS 6

/* Those that have counted, in the order of enum sw_reason; NULLs fill up.
 * Pure. */
void stats_faults(const struct sw_reasons *counters,
		  const struct stats_fault *ret_faults[STATS_FAULTS]);

struct stats_service {
	struct maps_service service;
	struct stats_verdict verdict;
};

struct stats_status {
	const char *pin_dir;
	struct state state; /* count 0: not attached, and the rest is empty */
	struct settings settings;
	__u64 now_ns;
	struct sw_totals totals;
	struct stats_verdict verdict;
	struct stats_service *services; /* by port */
	size_t service_count;
	bool stale;     /* the timer has died */
	int syncookies; /* net.ipv4.tcp_syncookies; -1 = unknown */
	bool nat;       /* NAT takes our connections away */
};

/* -ENOTCONN, unlogged, if nothing is attached: *ret_status is valid then,
 * too. Otherwise 0 or a logged error's class. */
int stats_read_status(const char *pin_dir, struct stats_status *ret_status);
void stats_free_status(struct stats_status *status);

struct stats_counters {
	struct sw_reasons reasons; /* as of now */
	struct sw_half_open half_open;
	__u64 xdp_packets, tc_packets;
	__u64 cookies_forgotten;
};

/* As stats_read_status, but without a result if nothing is attached. */
int stats_read_counters(const char *pin_dir,
			struct stats_counters *ret_counters);

/* Columns of struct sw_half_open; the first STATS_RATES have a rate, at the
 * same place in struct sw_half_open_rates. */
#define STATS_COLUMNS (sizeof(struct sw_half_open) / sizeof(__u64))
#define STATS_RATES (sizeof(struct sw_half_open_rates) / sizeof(__u64))

struct stats_column {
	const char *name, *help;
};

extern const struct stats_column stats_columns[STATS_COLUMNS];
__u64 stats_column_of(const struct sw_half_open *sum, size_t column);

#endif
