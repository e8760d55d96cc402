/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cookie opens once. While its connection lives the kernel knows the tuple;
 * but when a client has closed first nothing of it is left, and a late
 * duplicate of its first segment would open the connection again and deliver
 * the data twice. So cookies that have become a socket are remembered for as
 * long as they would verify. Pure: the bucket and the time are handed in.
 *
 * Written only for cookies that verified, so that no flood can fill it, and
 * found by the half of the MAC that no packet carries, so that a client cannot
 * choose whom it pushes out. In a full bucket the oldest is forgotten, which
 * costs no more than the protection from its late duplicates.
 *
 * The kernel may have thrown the connection away, when its accept queue filled
 * up between our look at it and its own; then the same cookie must open once
 * more. It counts that among the listener's drops, so a cookie counts as used
 * only as long as its listener has dropped nothing since.
 */
#ifndef SYNWARD_CONSUMED_H
#define SYNWARD_CONSUMED_H

#include "types.h"

#define CONSUMED_TICK_SHIFT 24 /* 17 ms */
#define CONSUMED_TICKS (1U << (SW_EPOCH_SHIFT + 1 - CONSUMED_TICK_SHIFT))

static __always_inline __u64 consumed_cookie(__u32 unseen, __u32 isn)
{
	return (__u64)unseen << 32 | isn;
}

/* Which of the sw_consumed buckets is the cookie's. */
static __always_inline __u32 consumed_bucket(__u64 cookie)
{
	return cookie >> 32 & (SW_CONSUMED_BUCKETS - 1);
}

static __always_inline __u32 consumed_tick(__u64 now_ns)
{
	return now_ns >> CONSUMED_TICK_SHIFT;
}

/* How old an entry is; one that is no longer of use is as old as can be. */
static __always_inline __u32 consumed_age(const struct sw_consumed *e,
					  __u32 tick)
{
	__u32 age = tick - e->tick;

	return e->cookie && age <= CONSUMED_TICKS ? age : ~0U;
}

/* drops: the listener's, now. */
static __always_inline bool
consumed_before(const struct sw_consumed_bucket *bucket, __u64 cookie,
		__u32 drops, __u64 now_ns)
{
	for (int i = 0; i < SW_CONSUMED_WAYS; i++) {
		const struct sw_consumed *e = &bucket->entry[i];

		if (e->cookie == cookie)
			return e->drops == drops &&
			       consumed_age(e, consumed_tick(now_ns)) != ~0U;
	}
	return false;
}

/* Where the cookie is, or else the oldest. */
static __always_inline __u32 consumed_victim(
	const struct sw_consumed_bucket *bucket, __u64 cookie, __u32 tick)
{
	__u32 victim = 0, most = 0;

	for (__u32 i = 0; i < SW_CONSUMED_WAYS; i++) {
		__u32 age = consumed_age(&bucket->entry[i], tick);

		if (bucket->entry[i].cookie == cookie)
			return i;
		if (age > most) {
			most = age;
			victim = i;
		}
	}
	return victim;
}

/* True if another cookie, which would still verify, was forgotten for it. Two
 * CPUs in one bucket at once may forget one uncounted. */
static __always_inline bool consumed_remember(struct sw_consumed_bucket *bucket,
					      __u64 cookie, __u32 drops,
					      __u64 now_ns)
{
	__u32 tick = consumed_tick(now_ns);
	__u32 victim = consumed_victim(bucket, cookie, tick);
	struct sw_consumed *e = &bucket->entry[victim & (SW_CONSUMED_WAYS - 1)];
	bool forgotten = e->cookie != cookie && consumed_age(e, tick) != ~0U;

	e->tick = tick;
	e->drops = drops;
	e->cookie = cookie;
	return forgotten;
}

#endif
