// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs that a cookie opens once: nanoseconds in sw_xdp for an ACK
 * that fails at the cookie, and for one whose cookie verifies and is then found
 * to be used up. Both are dropped, so the same frame can be run again and
 * again. In namespaces of its own; rounds alternate.
 */
#include "run.h"

#include <bpf/bpf.h>
#include <stdio.h>

#define ROUNDS 9
#define REPEAT 1000000

static unsigned int once(const struct frame *f)
{
	struct frame copy = *f;
	struct xdp_md ctx = { .data_end = f->len,
			      .ingress_ifindex = run_ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = copy.data,
		    .data_size_in = copy.len, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = REPEAT);

	if (bpf_prog_test_run_opts(bpf_program__fd(run_skel->progs.sw_xdp),
				   &opts) ||
	    opts.retval != XDP_DROP)
		abort();
	return opts.duration;
}

static int by_size(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* A valid ACK, used up; and the same with a wrong number. */
static void acks(struct frame *ret_used, struct frame *ret_bad)
{
	static const struct frame_spec syn = {
		.flags = FRAME_SYN, FRAME_OPTIONS(frame_options_linux)
	};
	struct run_shake s;

	run_reset();
	run_listen((struct run_listener){});
	run_shake(&syn, &s);
	run_consume(&s.ack);
	frame_build(ret_used, &s.ack);
	s.ack.ack++;
	frame_build(ret_bad, &s.ack);
}

/* The least of the rounds, too: others use this machine. */
static void print(const char *name, int *ns)
{
	qsort(ns, ROUNDS, sizeof(*ns), by_size);
	printf("  %-16s %6d %8d\n", name, ns[0], ns[ROUNDS / 2]);
}

int main(void)
{
	int used_ns[ROUNDS], bad_ns[ROUNDS];
	struct frame used, bad;

	run_open();
	acks(&used, &bad);
	for (int i = 0; i < ROUNDS; i++) {
		bad_ns[i] = once(&bad);
		used_ns[i] = once(&used);
	}
	printf("ns, %d rounds of %d   least   median\n", ROUNDS, REPEAT);
	print("bad ACK", bad_ns);
	print("cookie used up", used_ns);
	run_close();
	return 0;
}
