// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * onwire IFACE...: how many XDP programs and how many TC programs (tcx,
 * ingress) each of these interfaces of this namespace has: "xdp 1 tc 1".
 * Debian 12's bpftool and ip show no tcx.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <net/if.h>
#include <stdio.h>

#define TCX_INGRESS 46 /* Debian 12's headers know no tcx */

static unsigned int xdp_count(int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	if (bpf_xdp_query(ifindex, 0, &opts))
		err(1, "bpf_xdp_query");
	return opts.prog_id || opts.drv_prog_id || opts.skb_prog_id;
}

static unsigned int tc_count(int ifindex)
{
	LIBBPF_OPTS(bpf_prog_query_opts, opts);

	if (bpf_prog_query_opts(ifindex, TCX_INGRESS, &opts))
		err(1, "BPF_PROG_QUERY");
	return opts.prog_cnt;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int ifindex = if_nametoindex(argv[i]);

		if (!ifindex)
			err(1, "%s", argv[i]);
		printf("xdp %u tc %u\n", xdp_count(ifindex), tc_count(ifindex));
	}
	return 0;
}
