/* SPDX-License-Identifier: GPL-2.0-or-later */
/* synward's clock: CLOCK_MONOTONIC plus sw_config.clock_offset_ns. */
#ifndef SYNWARD_CLOCK_H
#define SYNWARD_CLOCK_H

#include <linux/types.h>
#include <time.h>

#define CLOCK_SECOND_NS 1000000000ULL

/* The offset that makes synward's clock the wall clock, now. */
__s64 clock_offset(void);

/* Now by synward's clock, in ns. */
__u64 clock_now(__s64 offset_ns);

/* jiffies in a second, of the running kernel: CONFIG_HZ. */
unsigned clock_kernel_hz(void);

/* The wall clock at t_ns, if it is now_ns by synward's clock. */
time_t clock_wall(__u64 t_ns, __u64 now_ns);

#endif
