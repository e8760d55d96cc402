/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running kernel and our privileges allow. Features are looked up in
 * the kernel's BTF; versions are only named to people, never compared.
 */
#ifndef SYNWARD_KERNEL_H
#define SYNWARD_KERNEL_H

#include <bpf/btf.h>
#include <linux/types.h>

struct kernel_feature {
	const char *name;  /* as bpftool and the kernel's source spell it */
	const char *since; /* first kernel that has it */
};

/* The first feature that this BTF lacks, or NULL if nothing is missing. */
const struct kernel_feature *kernel_missing(const struct btf *btf);

/* Has the running kernel what we need? -EOPNOTSUPP, logged, if not. */
int kernel_check(void);

/* May we load and attach? -EPERM, logged, if not. */
int kernel_check_privilege(void);

/* What tells network namespaces apart (SO_NETNS_COOKIE); 0 = unknown. */
__u64 kernel_netns_cookie(void);

#endif
