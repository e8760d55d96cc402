/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file with a root secret: 32 bytes as they are, or their base64 (with
 * padding, and a newline behind it or not), that only root can read.
 */
#ifndef SYNWARD_KEYFILE_H
#define SYNWARD_KEYFILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "keys.h"

#define KEYFILE_BASE64 44 /* characters, with padding */
#define KEYFILE_MAX (KEYFILE_BASE64 + 1)

/*
 * Reads it. Every fault is said with its cure; returns 0, -EINVAL, -EPERM (not
 * permitted to read) or another class of log.h. After keys_start(). The caller
 * frees the root.
 */
int keyfile_read(const char *path, struct keys_root **ret_root);

/* The two halves of that, for tests: is a file like this one nobody else's?
 * And what do its bytes say? */
int keyfile_check(const char *path, const struct stat *stat);
int keyfile_parse(const char *path, const char *text, size_t len,
		  __u8 ret_bytes[KEYS_ROOT]);

#endif
