/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every map and every load-time constant of the programs. What the values
 * mean is said in include/synward.h; where they are pinned, user space knows.
 */
#ifndef SYNWARD_MAPS_H
#define SYNWARD_MAPS_H

#include "types.h"

/* Set by user space before loading; the same for XDP and TC of one load. */
const volatile struct {
	__u32 magic; /* random: marks metadata as ours */
	__u32 cpus;  /* possible CPUs, for the timer's sums */
	__u32 hz;    /* jiffies in a second */
} load = { .cpus = 1, .hz = 1000 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sw_host);
} sw_host SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sw_config);
} sw_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct sw_keyring);
} sw_keys SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SW_PORTS);
	__type(key, __u32);
	__type(value, struct sw_port);
} sw_ports SEC(".maps");

/* Not per CPU: whether a listener is challenged must not depend on where its
 * packet arrives. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SW_GATES_MAX);
	__type(key, __u64);
	__type(value, struct sw_gate);
} sw_gates SEC(".maps");

/* By service id; 0 counts what belongs to no service. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SW_SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct sw_reasons);
} sw_reasons SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SW_SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct sw_service);
} sw_services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sw_totals);
} sw_totals SEC(".maps");

/* The entry behind the slots says of which tick the set is, and has a filter. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SW_LOCAL_SLOTS + 1);
	__type(key, __u32);
	__type(value, struct sw_local);
} sw_local SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SW_MOMENTS);
	__type(key, __u32);
	__type(value, struct sw_moment);
} sw_moments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SW_KNOWN);
	__type(key, __u32);
	__type(value, struct sw_known);
} sw_known SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2); /* IPv4, IPv6 */
	__type(key, __u32);
	__type(value, struct sw_nat);
} sw_nat SEC(".maps");

/* The entry behind the slots: when an expired cookie was last looked for. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SW_VALIDATED_SLOTS + 1);
	__type(key, __u32);
	__type(value, struct sw_validated);
} sw_validated SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SW_CONSUMED_BUCKETS);
	__type(key, __u32);
	__type(value, struct sw_consumed_bucket);
} sw_consumed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SW_HANDED_SLOTS);
	__type(key, __u32);
	__type(value, struct sw_handed);
} sw_handed SEC(".maps");

/* One per loaded pair of programs, so one per interface. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sw_iface);
} sw_iface SEC(".maps");

static __always_inline struct sw_config *maps_config(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sw_config, &zero);
}

static __always_inline struct sw_iface *maps_iface(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sw_iface, &zero);
}

static __always_inline bool maps_draining(void)
{
	struct sw_iface *iface = maps_iface();

	return iface && iface->draining;
}

static __always_inline struct sw_consumed_bucket *maps_consumed(__u32 bucket)
{
	return bpf_map_lookup_elem(&sw_consumed, &bucket);
}

/* synward's clock: user space sets the offset, so that machines can agree. */
static __always_inline __u64 maps_now(const struct sw_config *config)
{
	return bpf_ktime_get_coarse_ns() + config->clock_offset_ns;
}

static __always_inline struct sw_keyring *
maps_keys(const struct sw_config *config)
{
	__u32 slot = config->key_slot & 1;

	return bpf_map_lookup_elem(&sw_keys, &slot);
}

#endif
