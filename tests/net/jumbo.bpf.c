// SPDX-License-Identifier: GPL-2.0-or-later
/* The far end's program on a cable for jumbo frames: passes what comes, as
 * bench/pass.bpf.c does, which a driver refuses above one page. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int jumbo(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char jumbo_license[] SEC("license") = "GPL";
