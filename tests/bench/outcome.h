/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outcome.h - how connections ended, and how that is said
 *
 * Knows: the ways a connection can end, percentiles, both forms of output.
 * Does not know: sockets or clocks.
 *
 * A header because every .c file here becomes a program; clients.c alone
 * includes it.
 */
#ifndef BENCH_OUTCOME_H
#define BENCH_OUTCOME_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NS_PER_MS 1000000.0

enum outcome { PENDING, SERVED, REFUSED, TIMED_OUT, RESET, OTHER, OUTCOMES };

struct outcomes {
	unsigned long tried;
	unsigned long of[OUTCOMES];
	unsigned long connected;   /* handshakes that completed */
	double p50, p90, p99, max; /* of these, ms; without any: 0 */
};

static inline int outcome_by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Nearest rank: the smallest time that covers @percent of all. */
static inline double outcome_rank(const uint64_t *sorted, unsigned long n,
				  unsigned long percent)
{
	unsigned long rank = (n * percent + 99) / 100;

	return n ? sorted[rank ? rank - 1 : 0] / NS_PER_MS : 0;
}

/* Sorts @times (ns, @n of them) in place. */
static inline void outcome_percentiles(struct outcomes *all, uint64_t *times,
				       unsigned long n)
{
	all->connected = n;
	qsort(times, n, sizeof(*times), outcome_by_time);
	all->p50 = outcome_rank(times, n, 50);
	all->p90 = outcome_rank(times, n, 90);
	all->p99 = outcome_rank(times, n, 99);
	all->max = outcome_rank(times, n, 100);
}

static inline void outcome_print_json(const struct outcomes *all)
{
	printf("{\"schema\": 1, \"tried\": %lu, \"served\": %lu, "
	       "\"failed\": %lu, \"refused\": %lu, \"timed_out\": %lu, "
	       "\"reset\": %lu, \"other\": %lu, \"connected\": %lu, ",
	       all->tried, all->of[SERVED], all->tried - all->of[SERVED],
	       all->of[REFUSED], all->of[TIMED_OUT], all->of[RESET],
	       all->of[OTHER], all->connected);
	printf("\"connect_ms\": {\"p50\": %.3f, \"p90\": %.3f, "
	       "\"p99\": %.3f, \"max\": %.3f}}\n",
	       all->p50, all->p90, all->p99, all->max);
}

static inline void outcome_print_text(const struct outcomes *all)
{
	printf("tried %lu served %lu failed %lu "
	       "(refused %lu, timed out %lu, reset %lu",
	       all->tried, all->of[SERVED], all->tried - all->of[SERVED],
	       all->of[REFUSED], all->of[TIMED_OUT], all->of[RESET]);
	if (all->of[OTHER])
		printf(", other %lu", all->of[OTHER]);
	if (all->connected)
		printf(") connect ms: p50 %.3f p90 %.3f p99 %.3f max %.3f\n",
		       all->p50, all->p90, all->p99, all->max);
	else
		printf(") connect ms: none\n");
}

#endif
