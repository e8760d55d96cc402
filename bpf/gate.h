/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a listener's SYNs are challenged, in the words of pf: from start on,
 * until end. Pure: the state of the one gate, its queue and the time are
 * handed in. Where gates are kept, gates.h knows.
 *
 *	queue   ^                 ______
 *	        |      ..........|......|____________ the kernel's own, 63 s at most
 *	start   |-----|- - - - - - - - - - - |- - - -
 *	end     |- - -|- - - - - - - - - - - - - |- -
 *	        |_____|                          |___
 *	              +--- challenged ----------------+ 5 s more, then let in
 *
 * The gate closes for one listener alone, and only as long as it must.
 */
#ifndef SYNWARD_GATE_H
#define SYNWARD_GATE_H

#include "types.h"

/* A gate opens when no SYN has found the queue at end for so long: a queue that
 * hovers about end does not make it flutter. */
#define GATE_HOLD_NS 5000000000LL

/* A listener's queue, and the bounds that the operator chose. */
struct gate_queue {
	__u32 half_open;
	__u32 backlog;
	__u32 start_percent;
	__u32 end_percent;
};

/* So many per cent of the backlog, but at least one request. */
static __always_inline __u32 gate_bound(__u32 backlog, __u32 percent)
{
	return u32_max((__u64)backlog * percent / 100, 1);
}

/*
 * The kernel's count moves only when IP has seen the SYN, after XDP has seen
 * the whole batch. So the queue is taken to hold what it held when this tick of
 * the coarse clock began, and all that was let in since. Without that a burst
 * of 64 put 8 into a queue that was to hold 4.
 */
static __always_inline void gate_tick(struct sw_gate *gate,
				      const struct gate_queue *q, __u64 now_ns)
{
	if ((__s64)(now_ns - gate->tick_ns) <= 0)
		return;
	gate->tick_ns = now_ns;
	gate->half_open = q->half_open;
	gate->let_in = 0;
}

/* Does the queue hold as much as it should not? That depends on whether it is
 * being challenged: start closes the gate, end opens it. */
static __always_inline bool gate_pressed(const struct sw_gate *gate,
					 const struct gate_queue *q)
{
	__u32 holds = u32_max(q->half_open, gate->half_open + gate->let_in);

	if (holds >= gate_bound(q->backlog, q->start_percent))
		return true;
	return gate->challenging &&
	       q->half_open >= gate_bound(q->backlog, q->end_percent);
}

/*
 * Shall this SYN be challenged? Several CPUs may ask at once for one gate;
 * then each may let in a few that another has not seen. Stores only what
 * changes, so that a flood does not fight for the cache line. Times of other
 * CPUs may be a tick ahead of now.
 */
static __always_inline bool
gate_challenges(struct sw_gate *gate, const struct gate_queue *q, __u64 now_ns)
{
	gate_tick(gate, q, now_ns);
	if (gate_pressed(gate, q)) {
		if (gate->pressed_ns != now_ns)
			gate->pressed_ns = now_ns;
		if (!gate->challenging)
			gate->challenging = 1;
		return true;
	}
	if (gate->challenging) {
		if ((__s64)(now_ns - gate->pressed_ns) < GATE_HOLD_NS)
			return true;
		gate->challenging = 0;
	}
	__sync_fetch_and_add(&gate->let_in, 1);
	return false;
}

#endif
