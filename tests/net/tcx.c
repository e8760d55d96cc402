// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcx IFACE PIN: attaches the pinned program behind all that tcx runs on the
 * interface's ingress, says "attached", and takes it off when stdin ends.
 * bpftool learnt to do this after the version that Debian 12 has.
 */
#include <bpf/bpf.h>
#include <err.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Debian 12's headers know no tcx. */
#define TCX_INGRESS ((enum bpf_attach_type)46)

int main(int argc, char **argv)
{
	unsigned int ifindex = argc == 3 ? if_nametoindex(argv[1]) : 0;
	int program, link;

	if (!ifindex || !strcmp(argv[1], "eth0") || !strcmp(argv[1], "lo"))
		errx(2, "usage: tcx IFACE PIN; IFACE is a test's own");
	program = bpf_obj_get(argv[2]);
	if (program < 0)
		err(1, "%s", argv[2]);
	link = bpf_link_create(program, ifindex, TCX_INGRESS, NULL);
	if (link < 0)
		err(1, "%s", argv[1]);
	puts("attached");
	fflush(stdout);
	while (getchar() != EOF)
		;
	close(link);
	return 0;
}
