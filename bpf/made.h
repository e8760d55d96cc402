/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learns that the kernel has made a connection of a cookie that TC handed it.
 *
 * Between the two much may go wrong of which TC hears nothing: the checksum, a
 * netfilter rule, an accept queue that has filled up meanwhile, memory. Then
 * the client must be able to bring the same cookie again. So a cookie counts as
 * used up only when its socket becomes ESTABLISHED. The tracepoint tells of
 * every TCP socket of the machine; those that were not handed on cost a look at
 * a small table, in which two CPUs at once may lose an entry: then a cookie
 * could open again.
 */
#ifndef SYNWARD_MADE_H
#define SYNWARD_MADE_H

#include "consumed.h"
#include "maps.h"

#define MADE_PROBES 4 /* slots in which a cookie may lie */

/* The ISN's lowest bits may be a profile. */
static __always_inline struct sw_handed *made_slot(__u32 isn, __u32 probe)
{
	__u32 slot = ((isn >> 4) + probe) & (SW_HANDED_SLOTS - 1);

	return bpf_map_lookup_elem(&sw_handed, &slot);
}

/* In TC: the kernel has taken it. What never arrives is written over. */
static __always_inline void made_hand(__u64 cookie)
{
	struct sw_handed *handed;

	for (__u32 i = 0; i < MADE_PROBES; i++) {
		handed = made_slot(cookie, i);
		if (!handed)
			return;
		if (!handed->cookie || handed->cookie == cookie)
			break;
	}
	handed->cookie = cookie;
}

/* The cookie of this ISN that was handed on, and 0 from now on. */
static __always_inline __u64 made_take(__u32 isn)
{
	for (__u32 i = 0; i < MADE_PROBES; i++) {
		struct sw_handed *handed = made_slot(isn, i);
		__u64 cookie = handed ? handed->cookie : 0;

		if (!cookie || (__u32)cookie != isn)
			continue;
		handed->cookie = 0;
		return cookie;
	}
	return 0;
}

static __always_inline void made_remember(__u64 cookie, __u64 now_ns)
{
	struct sw_consumed_bucket *bucket =
		maps_consumed(consumed_bucket(cookie));
	__u32 zero = 0;
	struct sw_totals *totals = bpf_map_lookup_elem(&sw_totals, &zero);

	if (bucket && consumed_remember(bucket, cookie, now_ns) && totals)
		__sync_fetch_and_add(&totals->cookies_forgotten, 1);
}

/* inet_sock_set_state(sk, old state, new state) */
SEC("tp_btf/inet_sock_set_state")
int sw_made(__u64 *ctx)
{
	struct sw_config *config = maps_config();
	struct tcp_sock *tp;
	__u64 cookie;

	if (ctx[1] != BPF_TCP_SYN_RECV || ctx[2] != BPF_TCP_ESTABLISHED)
		return 0;
	tp = bpf_skc_to_tcp_sock((void *)ctx[0]);
	if (!tp || !config)
		return 0;
	cookie = made_take(tp->snd_una - 1);
	if (cookie)
		made_remember(cookie,
			      bpf_ktime_get_ns() + config->clock_offset_ns);
	return 0;
}

#endif
