/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One netlink request and its answers. Knows no family. */
#ifndef SYNWARD_NETLINK_H
#define SYNWARD_NETLINK_H

#include <libmnl/libmnl.h>

/*
 * Sends request on a new socket of that bus (NETLINK_ROUTE, ...) and calls
 * each(message, data) for every answer. Returns 0 or -errno: the kernel's
 * answer, or what each made of it; unlogged.
 */
int netlink_ask(int bus, struct nlmsghdr *request, mnl_cb_t each, void *data);

#endif
