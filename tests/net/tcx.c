// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcx [--first] IFACE PIN: attaches the pinned program behind all that tcx runs
 * on the interface's ingress, or before it, says "attached", and takes it off
 * when stdin ends.
 * bpftool learnt to do this after the version that Debian 12 has.
 */
#include <bpf/bpf.h>
#include <err.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Debian 12's headers know no tcx. */
#define TCX_INGRESS ((enum bpf_attach_type)46)
#define F_BEFORE (1U << 3)

int main(int argc, char **argv)
{
	bool first = argc > 1 && !strcmp(argv[1], "--first");
	char *const *args = argv + 1 + first;
	unsigned int ifindex = argc - first == 3 ? if_nametoindex(*args) : 0;
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = first ? F_BEFORE : 0);
	int program, link;

	if (!ifindex || !strcmp(*args, "eth0") || !strcmp(*args, "lo"))
		errx(2, "usage: tcx [--first] IFACE PIN; IFACE is a test's "
			"own");
	program = bpf_obj_get(args[1]);
	if (program < 0)
		err(1, "%s", args[1]);
	link = bpf_link_create(program, ifindex, TCX_INGRESS, &opts);
	if (link < 0)
		err(1, "%s", *args);
	puts("attached");
	fflush(stdout);
	while (getchar() != EOF)
		;
	close(link);
	return 0;
}
