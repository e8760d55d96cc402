/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a figure of cost.c is taken: a program run so many times on fresh frames
 * (cost.bpf.c), in turn with one that does nothing, so often. What counts is
 * the least of all slices of 1,024 packets: others use the machine too, and
 * can only add. Beside it the least mean of a whole round tells how quiet the
 * machine was.
 *
 * Does not know what is in the frames.
 */
#ifndef SYNWARD_BENCH_MEASURE_H
#define SYNWARD_BENCH_MEASURE_H

#include "run.h"

#include "cost.skel.h"

#include <bpf/bpf.h>
#include <err.h>
#include <linux/perf_event.h>
#include <math.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MEASURE_SLICE 1024.0 /* packets, as in cost.bpf.c */

static struct cost *measure_skel;
static unsigned int measure_rounds = 40;
static unsigned int measure_repeat = 100000;
static int measure_counter = -1; /* of instructions; -1: there is none */

/* of one packet */
struct measure_sample {
	double least_ns;
	double mean_ns;
	double instructions; /* NAN: not counted here */
};

struct measured {
	double least_ns; /* above the empty program, as the mean */
	double mean_ns;
	double instructions;
	int action; /* of the last packet */
};

static inline void measure_slot(int slot, const struct bpf_program *prog)
{
	int fd = bpf_program__fd(prog);

	if (bpf_map_update_elem(bpf_map__fd(measure_skel->maps.cost_next),
				&slot, &fd, BPF_ANY))
		err(1, "put a program into slot %d", slot);
}

static inline void measure_open(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_hv = 1,
	};

	measure_skel = cost__open_and_load();
	if (!measure_skel)
		err(1, "load cost.bpf.c");
	measure_slot(1, measure_skel->progs.cost_empty);
	measure_counter = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static inline void measure_close(void)
{
	cost__destroy(measure_skel);
	if (measure_counter >= 0)
		close(measure_counter);
}

static inline __u64 measure_instructions(void)
{
	__u64 n = 0;

	if (measure_counter >= 0 &&
	    read(measure_counter, &n, sizeof(n)) != sizeof(n))
		err(1, "read the counter of instructions");
	return n;
}

/* One round of cost_measured() or cost_nothing(). The frame is in cost_frame
 * already. */
static inline struct measure_sample measure_once(const struct bpf_program *with,
						 int *ret_action)
{
	unsigned char room[sizeof(measure_skel->bss->cost_frame.frame)] = {};
	struct xdp_md ctx = { .data_end = sizeof(room),
			      .ingress_ifindex = run_ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = room,
		    .data_size_in = sizeof(room), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = measure_repeat);
	struct measure_sample s = { .instructions = NAN };
	__u64 before;

	measure_skel->bss->cost_slice.began_ns = 0;
	measure_skel->bss->cost_slice.least_ns = ~0ULL;
	before = measure_instructions();
	if (bpf_prog_test_run_opts(bpf_program__fd(with), &opts))
		err(1, "run a program");
	s.least_ns = measure_skel->bss->cost_slice.least_ns / MEASURE_SLICE;
	s.mean_ns = opts.duration;
	if (measure_counter >= 0)
		s.instructions = (double)(measure_instructions() - before) /
				 measure_repeat;
	*ret_action = opts.retval;
	return s;
}

/* prepare() runs before each round; it may be NULL. */
static inline struct measured measure(const struct bpf_program *prog,
				      void (*prepare)(void))
{
	struct measure_sample least[2] = { { INFINITY, INFINITY, INFINITY },
					   { INFINITY, INFINITY, INFINITY } };
	const struct bpf_program *with[2] = {
		measure_skel->progs.cost_nothing,
		measure_skel->progs.cost_measured,
	};
	struct measured m;

	measure_slot(0, prog);
	for (unsigned int i = 0; i < measure_rounds * 2; i++) {
		struct measure_sample *l = &least[i % 2], s;

		if (prepare)
			prepare();
		s = measure_once(with[i % 2], &m.action);
		l->least_ns = fmin(l->least_ns, s.least_ns);
		l->mean_ns = fmin(l->mean_ns, s.mean_ns);
		l->instructions = fmin(l->instructions, s.instructions);
	}
	m.least_ns = least[1].least_ns - least[0].least_ns;
	m.mean_ns = least[1].mean_ns - least[0].mean_ns;
	m.instructions = least[1].instructions - least[0].instructions;
	if (!isfinite(m.instructions))
		m.instructions = NAN;
	return m;
}

#endif
