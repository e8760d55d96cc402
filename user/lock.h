/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one lock of all who write to a pin directory: on the directory itself,
 * so that it ends with the process that holds it, however that ends. */
#ifndef SYNWARD_LOCK_H
#define SYNWARD_LOCK_H

#include <stdbool.h>

#define LOCK_SECONDS 10

/*
 * Waits up to LOCK_SECONDS, says after one for whom, and then gives up: a
 * logged -EBUSY. With create, makes the directory; else -ENOENT, unlogged, if
 * there is none. The lock lives as long as ret_fd, also while the directory is
 * removed.
 */
int lock_take(const char *pin_dir, bool create, int *ret_fd);

#endif
