// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inject IFACE < frames: sends the frames, a line of hex digits each, out of
 * IFACE in one batch. Segments that share a batch with the ACK before them
 * are what a client of a fast network makes, and no socket can be told to.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "inject.skel.h"

#define FRAMES 64
#define FRAME_MAX 1514

struct frame {
	__u32 len;
	unsigned char data[FRAME_MAX + 2];
};

static void frame_read(const char *hex, struct frame *f)
{
	unsigned int byte;

	for (f->len = 0; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		if (f->len == FRAME_MAX)
			errx(2, "a frame is longer than %d bytes", FRAME_MAX);
		f->data[f->len++] = byte;
	}
	if (f->len < 14)
		errx(2, "a frame is shorter than its Ethernet header");
}

/* Frames from stdin into the map; returns how many. */
static unsigned int frames_read(int map_fd)
{
	char line[2 * FRAME_MAX + 2];
	unsigned int n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		struct frame f = {};

		if (n == FRAMES)
			errx(2, "more than %d frames", FRAMES);
		frame_read(line, &f);
		if (bpf_map_update_elem(map_fd, &n, &f, BPF_ANY))
			err(1, "bpf_map_update_elem");
		n++;
	}
	return n;
}

static void frames_send(int prog_fd, unsigned int ifindex, unsigned int n)
{
	unsigned char any[64] = {};
	struct xdp_md ctx = { .data_end = sizeof(any),
			      .ingress_ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = any,
		    .data_size_in = sizeof(any), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = n, .batch_size = n,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		err(1, "bpf_prog_test_run_opts");
}

int main(int argc, char **argv)
{
	unsigned int ifindex = argc == 2 ? if_nametoindex(argv[1]) : 0, n;
	struct inject *skel;

	if (!ifindex || !strcmp(argv[1], "eth0") || !strcmp(argv[1], "lo"))
		errx(2, "usage: inject IFACE < frames; IFACE is a test's own");
	skel = inject__open_and_load();
	if (!skel)
		err(1, "inject.bpf.o");
	n = frames_read(bpf_map__fd(skel->maps.frames));
	if (n)
		frames_send(bpf_program__fd(skel->progs.inject), ifindex, n);
	inject__destroy(skel);
	return 0;
}
