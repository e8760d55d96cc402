/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where types come from. The pure headers are compiled twice: for the kernel,
 * and for the host by unit tests and fuzzers, which must see the same code.
 */
#ifndef SYNWARD_TYPES_H
#define SYNWARD_TYPES_H

#ifdef __bpf__
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#else
#include <linux/if_ether.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <stdbool.h>
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
/* static: several files of a test include them */
#define __noinline static __attribute__((noinline, unused))
#endif
#include <bpf/bpf_endian.h>

#include "synward.h"

static __always_inline __u32 u32_min(__u32 a, __u32 b)
{
	return a < b ? a : b;
}

static __always_inline __u32 u32_max(__u32 a, __u32 b)
{
	return a > b ? a : b;
}

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
