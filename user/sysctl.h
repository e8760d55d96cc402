/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sysctls that synward reads or changes, of the current namespace. */
#ifndef SYNWARD_SYSCTL_H
#define SYNWARD_SYSCTL_H

/* net.ipv4.tcp_syncookies: 0, 1 or 2. Each returns 0 or -errno, unlogged. */
int sysctl_syncookies_read(int *ret_value);
int sysctl_syncookies_write(int value);

/* net.core.rmem_max in bytes; its default where older kernels hide it, which
 * is in every namespace but the first. */
unsigned sysctl_rmem_max(void);

#endif
