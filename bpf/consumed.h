/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cookie opens once. While its connection lives the kernel knows the tuple;
 * but when a client has closed first nothing of it is left, and a late
 * duplicate of its first segment would open the connection again and deliver
 * the data twice. So cookies that have become a connection are remembered for
 * as long as they would verify. Pure: the bucket and the time are handed in.
 *
 * Written only when the kernel has made the connection (made.h), so that no
 * spoofed flood can fill it, and a client whose ACK was lost on the way to the socket
 * may try again. Found by the half of the MAC that no packet carries, so that
 * a client cannot choose whom it pushes out. In a full bucket the oldest is
 * forgotten, which costs no more than the protection from its late duplicates.
 */
#ifndef SYNWARD_CONSUMED_H
#define SYNWARD_CONSUMED_H

#include "types.h"

/* A cookie verifies in its own epoch and the next. */
#define CONSUMED_NS (2ULL << SW_EPOCH_SHIFT)

static __always_inline __u64 consumed_cookie(__u32 unseen, __u32 isn)
{
	return (__u64)unseen << 32 | isn;
}

/* Which of the sw_consumed buckets is the cookie's. */
static __always_inline __u32 consumed_bucket(__u64 cookie)
{
	return cookie >> 32 & (SW_CONSUMED_BUCKETS - 1);
}

/* How long ago that was; an entry of no more use is as old as can be. */
static __always_inline __u64 consumed_age(const struct sw_consumed *e,
					  __u64 now_ns)
{
	__u64 age = now_ns - e->made_ns;

	if ((__s64)age < 0) /* by a finer clock, or another CPU's */
		age = 0;
	return e->cookie && age <= CONSUMED_NS ? age : ~0ULL;
}

static __always_inline bool
consumed_before(const struct sw_consumed_bucket *bucket, __u64 cookie,
		__u64 now_ns)
{
	for (int i = 0; i < SW_CONSUMED_WAYS; i++)
		if (bucket->entry[i].cookie == cookie)
			return consumed_age(&bucket->entry[i], now_ns) != ~0ULL;
	return false;
}

/* Where the cookie is, or else the oldest. */
static __always_inline __u32 consumed_victim(
	const struct sw_consumed_bucket *bucket, __u64 cookie, __u64 now_ns)
{
	__u32 victim = 0;
	__u64 most = 0;

	for (__u32 i = 0; i < SW_CONSUMED_WAYS; i++) {
		__u64 age = consumed_age(&bucket->entry[i], now_ns);

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
					      __u64 cookie, __u64 now_ns)
{
	__u32 victim = consumed_victim(bucket, cookie, now_ns);
	struct sw_consumed *e = &bucket->entry[victim & (SW_CONSUMED_WAYS - 1)];
	bool forgotten = e->cookie != cookie &&
			 consumed_age(e, now_ns) != ~0ULL;

	e->made_ns = now_ns;
	e->cookie = cookie;
	return forgotten;
}

#endif
