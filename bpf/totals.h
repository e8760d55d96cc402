/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Once a second a timer in the kernel sums the per-CPU reasons into half-open
 * statistics, per service and in total, with rates and an estimate of open
 * cookies, so that anybody can read them from plain maps with no daemon. Its
 * cost is CPUs x rows in use x reasons additions: 64 CPUs with 20 listening
 * ports make some 70,000.
 */
#ifndef SYNWARD_TOTALS_H
#define SYNWARD_TOTALS_H

#include "maps.h"

#define TOTALS_CLOCK_MONOTONIC 1
#define TOTALS_EBUSY 16
#define TOTALS_SECOND_NS 1000000000ULL
#define TOTALS_COLUMNS_MASK 15 /* an index that the verifier can bound */

#define TOTALS_COLUMN(NAME, name, act, column, ...) SW_COL_##column,
#define TOTALS_COLUMN_WOULD(NAME, name, act, column, ...) SW_WOULD_COL_##column,

const __u8 totals_columns[SW_REASONS] = {
	SW_COL_NONE, SW_REASON_TABLE(TOTALS_COLUMN, TOTALS_COLUMN_WOULD)
};

/* The first columns of struct sw_half_open and of its rates, as an array:
 * [0] is syn_seen, the others are indexed by enum sw_column. */
struct totals_columns {
	__u64 column[TOTALS_COLUMNS_MASK + 1];
};

_Static_assert(SW_COLUMNS <= TOTALS_COLUMNS_MASK + 1, "the mask is too short");
_Static_assert(sizeof(struct sw_half_open_rates) == SW_COLUMNS * sizeof(__u64),
	       "one rate per column");
_Static_assert(sizeof(struct sw_half_open) == (SW_COLUMNS + 1) * sizeof(__u64),
	       "the columns, then cookies_open");

struct totals_timer {
	struct bpf_timer timer;
	struct sw_reasons sum; /* of all services, while it is being made */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct totals_timer);
} sw_timer SEC(".maps");

/* One service's sum in the making. */
struct totals_work {
	__u64 now_ns;
	__u64 interval_ns;
	struct sw_reasons *sum;
	struct totals_columns columns;
	__u32 service;
};

static __always_inline void totals_sum_syns(struct totals_columns *c)
{
	c->column[0] = c->column[SW_COL_PASSED] + c->column[SW_COL_CHALLENGED] +
		       c->column[SW_COL_WOULD] + c->column[SW_COL_DROPPED];
}

static long totals_add_cpu(__u32 cpu, struct totals_work *w)
{
	__u64 *counters, *sum = (__u64 *)w->sum;

	counters = bpf_map_lookup_percpu_elem(&sw_reasons, &w->service, cpu);
	if (!counters)
		return 0;
	for (__u32 r = 0; r < SW_REASONS; r++) {
		__u64 n = counters[r];

		sum[r] += n;
		w->columns.column[totals_columns[r] & TOTALS_COLUMNS_MASK] += n;
	}
	return 0;
}

/* Sums one row of sw_reasons over all CPUs, into w's columns and sum. */
static __always_inline void totals_add_service(struct totals_work *w,
					       __u32 service)
{
	__builtin_memset(&w->columns, 0, sizeof(w->columns));
	w->service = service;
	bpf_loop(load.cpus, totals_add_cpu, w, 0);
	totals_sum_syns(&w->columns);
}

/* Cookies of this epoch and the last that have not come back: as many as
 * were issued less returned since the last epoch began. */
static __always_inline __u64 totals_open(struct sw_open_base *base,
					 __u64 outstanding, __u64 now_ns)
{
	__u64 epoch = now_ns >> SW_EPOCH_SHIFT;
	__s64 open;

	if (!base->epoch) { /* the first time: all were issued just now */
		base->epoch = epoch;
	} else if (base->epoch != epoch) {
		base->previous = base->epoch + 1 == epoch ? base->current :
							    outstanding;
		base->current = outstanding;
		base->epoch = epoch;
	}
	open = outstanding - base->previous;
	return open > 0 ? open : 0;
}

/* To the nearest: the timer comes a little late, and 1 a second is not 0. */
static __always_inline __u64 totals_rate(__u64 delta, __u64 interval_ns)
{
	return (delta * TOTALS_SECOND_NS + interval_ns / 2) / interval_ns;
}

/* From new columns to the published sums and rates. */
static __always_inline void totals_publish(const struct totals_work *w,
					   struct sw_half_open *sum,
					   struct sw_half_open_rates *rates,
					   struct sw_open_base *base,
					   struct sw_challenged *challenged)
{
	const __u64 *fresh = w->columns.column;
	__u64 *old = (__u64 *)sum, *rate = (__u64 *)rates;

	for (int i = 0; i < SW_COLUMNS; i++) {
		rate[i] = totals_rate(fresh[i] - old[i], w->interval_ns);
		old[i] = fresh[i];
	}
	sum->cookies_open = totals_open(
		base, sum->syn_challenged - sum->cookies_valid, w->now_ns);
	if (rates->syn_challenged || rates->syn_would) {
		if (w->now_ns - challenged->last_ns > SW_CALM_NS)
			challenged->since_ns = w->now_ns;
		challenged->last_ns = w->now_ns;
	}
}

static long totals_one_service(void *map, __u32 *port, struct sw_service *row,
			       struct totals_work *w)
{
	totals_add_service(w, row->id);
	totals_publish(w, &row->sum, &row->per_second, &row->base,
		       &row->challenged);
	return 0;
}

/* Columns of the sum over all services. */
static __always_inline void totals_all_columns(struct totals_work *w,
					       struct sw_totals *totals)
{
	const __u64 *sum = (const __u64 *)w->sum;
	__u64 xdp = 0, tc = 0;

	__builtin_memset(&w->columns, 0, sizeof(w->columns));
	for (__u32 r = 0; r < SW_REASONS; r++) {
		w->columns.column[totals_columns[r] & TOTALS_COLUMNS_MASK] +=
			sum[r];
		if (r < SW_TC_UNMARKED)
			xdp += sum[r];
		else
			tc += sum[r];
	}
	totals_sum_syns(&w->columns);
	totals->xdp_packets_per_second =
		totals_rate(xdp - totals->xdp_packets, w->interval_ns);
	totals->xdp_packets = xdp;
	totals->tc_packets = tc;
}

static __always_inline void totals_make(struct totals_timer *t,
					struct sw_totals *totals,
					const struct sw_config *config)
{
	/* the coarse clock's fine one: syscall programs have no other */
	struct totals_work w = {
		.now_ns = bpf_ktime_get_ns() + config->clock_offset_ns,
		.sum = &t->sum,
	};

	w.interval_ns = totals->updated_ns ? w.now_ns - totals->updated_ns :
					     TOTALS_SECOND_NS;
	if (!w.interval_ns)
		return;
	__builtin_memset(&t->sum, 0, sizeof(t->sum));
	totals_add_service(&w, SW_SERVICE_NONE);
	bpf_for_each_map_elem(&sw_services, totals_one_service, &w, 0);
	totals_all_columns(&w, totals);
	totals_publish(&w, &totals->sum, &totals->per_second, &totals->base,
		       &totals->challenged);
	totals->reasons = t->sum;
	totals->interval_ns = w.interval_ns;
	totals->updated_ns = w.now_ns;
}

static int totals_tick(void *map, __u32 *key, struct totals_timer *t)
{
	__u32 zero = 0;
	struct sw_totals *totals = bpf_map_lookup_elem(&sw_totals, &zero);
	struct sw_config *config = maps_config();

	if (totals && config)
		totals_make(t, totals, config);
	bpf_timer_start(&t->timer, TOTALS_SECOND_NS, 0);
	return 0;
}

/* Run once by user space. The timer lives as long as its map. */
SEC("syscall")
int sw_start(void *ctx)
{
	__u32 zero = 0;
	struct totals_timer *t = bpf_map_lookup_elem(&sw_timer, &zero);
	long err;

	if (!t)
		return -1;
	err = bpf_timer_init(&t->timer, &sw_timer, TOTALS_CLOCK_MONOTONIC);
	if (err == -TOTALS_EBUSY)
		return 0;
	err = err ?: bpf_timer_set_callback(&t->timer, totals_tick);
	return err ?: bpf_timer_start(&t->timer, 0, 0);
}

#endif
