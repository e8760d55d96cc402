// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * epoch SW_CONFIG		prints synward's epoch
 * epoch SW_CONFIG begin N	goes on in the Nth epoch from now, a second
 *				after it began; N may be 0
 * epoch SW_CONFIG end MS	goes on MS ms before this epoch ends
 *
 * Moves synward's clock by its offset in the pinned sw_config, and no other
 * clock, so that tests need not wait for epochs to pass. Prints the epoch that
 * it is then.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <error.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "synward.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)

static struct sw_config *open_config(const char *path)
{
	int fd = bpf_obj_get(path);
	void *config;

	if (fd < 0)
		error(1, errno, "%s", path);
	config = mmap(NULL, sizeof(struct sw_config), PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	if (config == MAP_FAILED)
		error(1, errno, "%s", path);
	return config;
}

/* As packets read it. */
static __u64 now(const struct sw_config *config)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * SECOND + t.tv_nsec + config->clock_offset_ns;
}

static void go_to(struct sw_config *config, __u64 then_ns)
{
	__atomic_fetch_add(&config->clock_offset_ns, then_ns - now(config),
			   __ATOMIC_RELAXED);
}

int main(int argc, char **argv)
{
	struct sw_config *config;
	__u64 epoch;

	if (argc != 2 && argc != 4)
		error(2, 0, "usage: epoch SW_CONFIG [begin N | end MS]");
	config = open_config(argv[1]);
	epoch = now(config) >> SW_EPOCH_SHIFT;
	if (argc == 4 && !strcmp(argv[2], "begin"))
		go_to(config,
		      ((epoch + atoi(argv[3])) << SW_EPOCH_SHIFT) + SECOND);
	else if (argc == 4)
		go_to(config,
		      ((epoch + 1) << SW_EPOCH_SHIFT) - atoi(argv[3]) * MS);
	printf("%llu\n", now(config) >> SW_EPOCH_SHIFT);
	return 0;
}
