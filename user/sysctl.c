// SPDX-License-Identifier: GPL-2.0-or-later
/* Sysctls, through /proc/sys: it shows the reader's network namespace. */
#include "sysctl.h"

#include <errno.h>
#include <stdio.h>

#include "own.h"

#define SYNCOOKIES "/proc/sys/net/ipv4/tcp_syncookies"
#define RMEM_MAX "/proc/sys/net/core/rmem_max"
#define RMEM_MAX_DEFAULT 212992

static int read_number(const char *path, int *ret_value)
{
	own(file) FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	return fscanf(file, "%d", ret_value) == 1 ? 0 : -EIO;
}

int sysctl_syncookies_read(int *ret_value)
{
	return read_number(SYNCOOKIES, ret_value);
}

int sysctl_syncookies_write(int value)
{
	FILE *file = fopen(SYNCOOKIES, "we");

	if (!file)
		return -errno;
	fprintf(file, "%d\n", value);
	return fclose(file) ? -errno : 0;
}

unsigned sysctl_rmem_max(void)
{
	int value;

	if (read_number(RMEM_MAX, &value) || value <= 0)
		return RMEM_MAX_DEFAULT;
	return value;
}
