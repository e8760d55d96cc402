// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * forge xdp|tc IN OUT MARK: what arrives at IN loses its first 64 bytes, gets
 * MARK (56 hex digits) as its metadata and leaves by OUT: redirected in XDP, or
 * as an skb in TC. Says "attached"; ends when stdin does.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "forge.skel.h"

/* Debian 12's headers know no tcx. */
#define TCX_INGRESS ((enum bpf_attach_type)46)

static unsigned int interface(const char *name)
{
	unsigned int ifindex = if_nametoindex(name);

	if (!ifindex || !strcmp(name, "eth0") || !strcmp(name, "lo"))
		errx(2, "%s: expected an interface of a test's own", name);
	return ifindex;
}

static void mark_read(const char *hex, unsigned char *mark, size_t len)
{
	unsigned int byte;

	if (strlen(hex) != 2 * len)
		errx(2, "MARK: expected %zu hex digits", 2 * len);
	for (; len && sscanf(hex, "%2x", &byte) == 1; hex += 2, len--)
		*mark++ = byte;
	if (len)
		errx(2, "MARK: expected hex digits");
}

static void attach(struct bpf_program *prog, unsigned int ifindex,
		   enum bpf_attach_type type, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);

	if (bpf_link_create(bpf_program__fd(prog), ifindex, type, &opts) < 0)
		err(1, "%s", bpf_program__name(prog));
}

int main(int argc, char **argv)
{
	struct forge *skel = argc == 5 ? forge__open() : NULL;
	unsigned int in;

	if (!skel)
		errx(2, "usage: forge xdp|tc IN OUT MARK");
	in = interface(argv[2]);
	*(__u32 *)&skel->rodata->forge_to = interface(argv[3]);
	mark_read(argv[4], (unsigned char *)skel->rodata->forge_mark,
		  sizeof(skel->rodata->forge_mark));
	if (forge__load(skel))
		err(1, "forge.bpf.o");
	if (!strcmp(argv[1], "xdp")) {
		attach(skel->progs.forge_xdp, in, BPF_XDP, XDP_FLAGS_DRV_MODE);
	} else {
		attach(skel->progs.forge_pass, in, BPF_XDP, XDP_FLAGS_DRV_MODE);
		attach(skel->progs.forge_tc, in, TCX_INGRESS, 0);
	}
	puts("attached");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
