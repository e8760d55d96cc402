/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who listens on TCP in this network namespace, by sock_diag. */
#ifndef SYNWARD_LISTENERS_H
#define SYNWARD_LISTENERS_H

#include "ports.h"

/*
 * Ports with a listener that other machines can reach: those bound to
 * loopback addresses do not count. Returns 0 or -errno, unlogged.
 */
int listeners_read(struct ports *ret_ports);

#endif
