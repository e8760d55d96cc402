/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which service a segment is for, and whether anybody there needs us. Without
 * configuration each local port with a listener is a service, found when its
 * first SYN comes; only listening ports get a row, so a scan makes none.
 */
#ifndef SYNWARD_SERVICE_H
#define SYNWARD_SERVICE_H

#include "env.h"
#include "maps.h"
#include "packet.h"

/* The port's row. Reads nothing else: most segments need no more. */
static __always_inline enum sw_reason service_find(const struct packet *p,
						   struct env *env)
{
	__u32 port = bpf_ntohs(p->dport);

	env->port = bpf_map_lookup_elem(&sw_ports, &port);
	if (unlikely(!env->port))
		return SW_PORT_UNPROTECTED;
	env->service = env->port->service;
	return SW_GO_ON;
}

/* Does it get cookies? One that has some gets them back, either way. */
static __always_inline bool service_protected(const struct env *env)
{
	return !env->config->listed_only || env->port->flags & SW_PORT_LISTED;
}

/*
 * A cookie is good for two epochs; after a third nobody can bring one back,
 * and the service's segments are none of our business. Costs no clock read
 * where no cookie was ever issued.
 */
static __always_inline bool service_idle(struct env *env)
{
	__u32 issued = env->port->cookie_epoch;

	if (!issued)
		return true;
	env->now_ns = maps_now(env->config);
	return (env->now_ns >> SW_EPOCH_SHIFT) - issued > 2;
}

static __always_inline void service_issued_cookie(struct env *env)
{
	__u32 epoch = env->now_ns >> SW_EPOCH_SHIFT;

	if (env->port->cookie_epoch != epoch)
		env->port->cookie_epoch = epoch;
}

/* The next free row's number, or the shared one when all are taken. */
static __always_inline __u32 service_allocate(void)
{
	__u32 zero = 0, id;
	struct sw_totals *totals = bpf_map_lookup_elem(&sw_totals, &zero);

	if (!totals || totals->services >= SW_SERVICES_MAX - 2)
		return SW_SERVICE_OTHER;
	id = __sync_fetch_and_add(&totals->services, 1) + SW_SERVICE_OTHER + 1;
	return id < SW_SERVICES_MAX ? id : SW_SERVICE_OTHER;
}

/*
 * Gives the port a row of its own; called for ports with a listener only. Two
 * CPUs may come at once: the map decides, and the loser's number is lost.
 */
static __noinline __u32 service_make(__u32 port, __u64 now_ns)
{
	struct sw_service row = { .id = service_allocate(),
				  .first_syn_ns = now_ns };
	struct sw_port *entry = bpf_map_lookup_elem(&sw_ports, &port);
	struct sw_service *made;
	__u32 key = row.id == SW_SERVICE_OTHER ? 0 : port;

	bpf_map_update_elem(&sw_services, &key, &row, BPF_NOEXIST);
	made = bpf_map_lookup_elem(&sw_services, &key);
	if (!made || !entry)
		return SW_SERVICE_NONE;
	entry->service = made->id;
	return made->id;
}

/* At the end of a packet's way, where the stack is almost free: a row takes
 * half of it. */
static __always_inline void service_found_listener(struct env *env, __u16 port)
{
	if (unlikely(env->listening && env->service == SW_SERVICE_NONE))
		env->service = service_make(port, maps_now(env->config));
}

#endif
