/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See wire.h. */
#include "wire.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/if_link.h>
#include <unistd.h>

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS; libbpf 1.1.2 does not name it */

static int xdp_link = -1;

void wire_xdp_is(const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);

	if (xdp_link >= 0)
		close(xdp_link);
	xdp_link = -1;
	if (!program)
		return;
	xdp_link = bpf_link_create(bpf_program__fd(program), run_ifindex,
				   BPF_XDP, &opts);
	if (xdp_link < 0)
		err(1, "attach XDP");
}

void wire_open(void)
{
	int fd = bpf_program__fd(run_skel->progs.sw_tc);

	if (bpf_link_create(fd, run_ifindex, TCX_INGRESS, NULL) < 0)
		err(1, "attach TC");
	if (!bpf_program__attach_trace(run_skel->progs.sw_made))
		err(1, "attach the tracepoint");
}

/* ---- what TC counted ---- */

struct wire_books {
	__u64 count[SW_REASONS];
};

static void wire_read(struct wire_books *b)
{
	for (int r = SW_TC_UNMARKED; r < SW_REASONS; r++)
		b->count[r] = run_count(r);
}

struct expect {
	struct wire_books before, now;
	__u64 packets;
};

static bool has_counted(void *data)
{
	struct expect *e = data;
	__u64 n = 0;

	wire_read(&e->now);
	for (int r = SW_TC_UNMARKED; r < SW_REASONS; r++)
		n += e->now.count[r] - e->before.count[r];
	return n >= e->packets;
}

void wire_wants(const struct frame_spec *spec, enum sw_reason want,
		enum sw_reason again)
{
	struct expect e = { .packets = again ? 2 : 1 };

	wire_read(&e.before);
	run_wire(spec);
	assert_true(run_until(has_counted, &e));
	for (int r = SW_TC_UNMARKED; r < SW_REASONS; r++) {
		int by = e.now.count[r] - e.before.count[r];
		int wanted = (r == (int)want) + (again && r == (int)again);

		if (by != wanted)
			fail_msg("%s counted %d, not %d", run_reason_name(r),
				 by, wanted);
	}
}
