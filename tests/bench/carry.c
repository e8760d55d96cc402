// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * carry.c - what one stream of traffic loses to synward, in small slices
 *
 * Knows: how to put the programs of carry.bpf.c into synward's pinned links and
 * its own back, while connections live on; and how much a process has read
 * meanwhile. A round is a slice of each: pass, pass again, synward; the next
 * one begins with another. Slices are short, because on a shared machine speed
 * changes from second to second by more than what is to be measured.
 * Does not know: what the traffic is, or in which state synward is.
 *
 * Output: a line per round, bytes/s in pass, pass again and synward, and the
 * ticks that the hypervisor took from the CPUs meanwhile.
 */
#include <bpf/bpf.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "carry.skel.h"

#define SLICE_MS 20
#define SETTLE_MS 5 /* what the last program let in is read by then */
#define SLICES 3    /* of a round */
#define OURS 2      /* the last of them */

/* One of synward's links, and what goes into it. Pass again is another copy:
 * putting in what is there already would cost nothing. */
struct place {
	int link, program[SLICES];
};

static struct place xdp, tc;
static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void rest(unsigned int ms)
{
	struct timespec ts = { 0, ms * 1000000L };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/* ---- programs ---- */

static void open_place(struct place *place, const char *pin)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	place->link = bpf_obj_get(pin);
	if (place->link < 0)
		err(1, "%s", pin);
	if (bpf_obj_get_info_by_fd(place->link, &info, &len))
		err(1, "%s: what is in it", pin);
	place->program[OURS] = bpf_prog_get_fd_by_id(info.prog_id);
	if (place->program[OURS] < 0)
		err(1, "%s: its program", pin);
}

static void open_bare(unsigned int which)
{
	struct carry *bare = carry__open_and_load();

	if (!bare)
		err(1, "cannot load the bare programs");
	xdp.program[which] = bpf_program__fd(bare->progs.carry_on);
	tc.program[which] = bpf_program__fd(bare->progs.carry_skb);
}

static void put(unsigned int which)
{
	if (bpf_link_update(xdp.link, xdp.program[which], NULL) ||
	    bpf_link_update(tc.link, tc.program[which], NULL))
		err(1, "cannot replace a program");
}

/* ---- what is measured ---- */

/* What PID has read(2) until now, from sockets and files. */
static double bytes_read(const char *pid)
{
	unsigned long long bytes;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/io", pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "rchar: %llu", &bytes) != 1)
		err(1, "%s", path);
	fclose(f);
	return bytes;
}

static unsigned long long stolen_ticks(void)
{
	unsigned long long ticks;
	FILE *f = fopen("/proc/stat", "re");

	if (!f ||
	    fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		err(1, "/proc/stat");
	fclose(f);
	return ticks;
}

static double slice(const char *pid, unsigned int which)
{
	double bytes, since;

	put(which);
	rest(SETTLE_MS);
	since = now_s();
	bytes = bytes_read(pid);
	rest(SLICE_MS);
	return (bytes_read(pid) - bytes) / (now_s() - since);
}

static void one_round(const char *pid, unsigned int number)
{
	unsigned long long stolen = stolen_ticks();
	double rate[SLICES];

	for (unsigned int i = 0; i < SLICES; i++) {
		unsigned int which = (i + number) % SLICES;

		rate[which] = slice(pid, which);
	}
	printf("%.0f %.0f %.0f %llu\n", rate[0], rate[1], rate[OURS],
	       stolen_ticks() - stolen);
}

int main(int argc, char **argv)
{
	double end;

	if (argc != 5) {
		fprintf(stderr, "usage: carry XDP-LINK TC-LINK PID SECONDS\n");
		return 2;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	setpriority(PRIO_PROCESS, 0, -20);
	open_place(&xdp, argv[1]);
	open_place(&tc, argv[2]);
	for (unsigned int which = 0; which < OURS; which++)
		open_bare(which);
	end = now_s() + strtod(argv[4], NULL);
	for (unsigned int i = 0; now_s() < end && !stopped; i++)
		one_round(argv[3], i);
	put(OURS);
	return stopped ? 1 : 0;
}
