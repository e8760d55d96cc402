/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of each listening socket: of the very one that would get the SYN,
 * so that a flood at one listener never touches another, be it on the same
 * port in one SO_REUSEPORT group, and nobody has to switch anything.
 */
#ifndef SYNWARD_GATES_H
#define SYNWARD_GATES_H

#include "env.h"
#include "gate.h"
#include "moment.h"

/* A listener's gate, made when its first SYN comes. */
static __always_inline struct sw_gate *gates_of(const struct packet *p,
						const struct listener *l)
{
	struct sw_gate *gate = bpf_map_lookup_elem(&sw_gates, &l->id);
	struct sw_gate fresh = { .port = bpf_ntohs(p->dport) };

	if (likely(gate && gate->port == fresh.port))
		return gate;
	/* none, or of a listener that was there before */
	bpf_map_update_elem(&sw_gates, &l->id, &fresh, BPF_ANY);
	return bpf_map_lookup_elem(&sw_gates, &l->id);
}

/*
 * Without memory for a gate the queue alone decides, at start. A queue that
 * held too much in this tick is not asked again: gate_challenges() would say
 * the same. Not inlined: the stack is its own again when the cookie is made.
 */
static __noinline bool gates_challenge(const struct env *env,
				       const struct packet *p,
				       const struct listener *l,
				       struct sw_moment *m)
{
	const struct gate_queue q = {
		.half_open = l->half_open,
		.backlog = l->backlog,
		.start_percent = env->config->start_percent,
		.end_percent = env->config->end_percent,
	};
	struct sw_gate *gate;
	bool challenge;

	if (likely(m->pressed))
		return true;
	gate = gates_of(p, l);
	if (!gate)
		return q.half_open >= gate_bound(q.backlog, q.start_percent);
	challenge = gate_challenges(gate, &q, env->now_ns);
	m->pressed = challenge && gate->pressed_ns == env->now_ns;
	return challenge;
}

/* SW_GO_ON: challenge. Otherwise why the kernel answers. */
static __always_inline enum sw_reason gates_syn(const struct env *env,
						const struct packet *p,
						const struct listener *l,
						struct sw_moment *m)
{
	switch (env->mode) {
	case SW_MODE_ALWAYS:
		return SW_GO_ON;
	case SW_MODE_OBSERVE:
	case SW_MODE_ADAPTIVE:
		return gates_challenge(env, p, l, m) ? SW_GO_ON : SW_SYN_CALM;
	default:
		return SW_SYN_OFF;
	}
}

#endif
