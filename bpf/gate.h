/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a SYN is challenged. Decided for each SYN by itself, from the mode and
 * from the queue of the listener that would get it, so that a flood at one
 * listener never touches another, and nobody has to switch anything.
 */
#ifndef SYNWARD_GATE_H
#define SYNWARD_GATE_H

#include "env.h"
#include "listener.h"

/* start: so many per cent of the backlog, but at least one request. */
static __always_inline bool gate_queue_filling(const struct listener *l,
					       __u32 start_percent)
{
	__u32 start = (__u64)l->backlog * start_percent / 100;

	return l->half_open >= (start ?: 1);
}

/* SW_GO_ON: challenge. Otherwise why the kernel answers. */
static __always_inline enum sw_reason gate_syn(const struct env *env,
					       const struct listener *l)
{
	switch (env->mode) {
	case SW_MODE_ALWAYS:
		return SW_GO_ON;
	case SW_MODE_OBSERVE:
	case SW_MODE_ADAPTIVE:
		return gate_queue_filling(l, env->config->start_percent) ?
			       SW_GO_ON :
			       SW_SYN_CALM;
	default:
		return SW_SYN_OFF;
	}
}

#endif
