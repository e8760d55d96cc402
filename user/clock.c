// SPDX-License-Identifier: GPL-2.0-or-later
/* synward's clock. The wall clock may be stepped; this one never is. */
#include "clock.h"

static __u64 read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * CLOCK_SECOND_NS + t.tv_nsec;
}

__s64 clock_offset(void)
{
	return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
}

__u64 clock_now(__s64 offset_ns)
{
	return read_clock(CLOCK_MONOTONIC) + offset_ns;
}

time_t clock_wall(__u64 t_ns, __u64 now_ns)
{
	__s64 ahead_ns = t_ns - now_ns;

	return (__s64)(read_clock(CLOCK_REALTIME) + ahead_ns) /
	       (__s64)CLOCK_SECOND_NS;
}

/* The coarse clock moves once a tick, and its resolution is a tick's length;
 * sysconf knows only USER_HZ. 1e9 / 3333333 is meant to be 300. */
unsigned clock_kernel_hz(void)
{
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return (CLOCK_SECOND_NS + tick.tv_nsec / 2) / tick.tv_nsec;
}
