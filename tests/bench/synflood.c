// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * synflood.c - sends SYNs from invented sources, at a fixed pace
 *
 * Knows: the pace, the bounds, and how the kernel is made to send. The frames
 * are XDP live frames: BPF_PROG_TEST_RUN hands pages to synflood.bpf.c, which
 * answers XDP_TX, and the kernel sends them out of --dev.
 * Does not know: what a frame looks like (template.h), what was asked in which
 * words (plan.h), nor what the other side makes of it: it reads no answer.
 *
 * veth delivers such frames only to an end with NAPI: one that has an XDP
 * program, or GRO on. The receiver's softirq then runs on our CPU, on our
 * time, unless its NAPI is threaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "plan.h"
#include "synflood.skel.h"
#include "template.h"

#define NS_PER_S 1000000000ULL
#define LOOPBACK_IFINDEX 1
#define BATCH 64      /* frames; one NAPI poll of the receiver */
#define BURST 256     /* frames; veth's ring holds no more */
#define UNPACED 16384 /* frames per test run: a few ms, then it can stop */

struct result {
	__u64 frames;    /* handed to the interface */
	__u64 not_taken; /* of these: the receiver's ring was full */
	__u64 given_up;  /* owed, but too late to be sent */
	__u64 ran_ns;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void rest(__u64 ns)
{
	struct timespec ts = { ns / NS_PER_S, ns % NS_PER_S };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/* ---- the program ------------------------------------------------------- */

/* Splits the source into what stays and what is drawn anew for each frame. */
static void set_source(const struct plan *plan, struct synflood__rodata *ro)
{
	__u8 net[16] = { 0 }, hostmask[16] = { 0 };
	int size = plan->to.ipv6 ? 16 : 4;

	for (int i = 0; i < size; i++) {
		int bits = plan->source_bits - 8 * i;

		bits = bits < 0 ? 0 : bits > 8 ? 8 : bits;
		hostmask[i] = 0xff >> bits;
		net[i] = plan->source[i] & ~hostmask[i];
	}
	memcpy(ro->net, net, sizeof(net));
	memcpy(ro->hostmask, hostmask, sizeof(hostmask));
}

static void set_template(const struct plan *plan, struct synflood__rodata *ro)
{
	struct wire wire;

	template_build(&plan->to, &wire);
	memcpy(ro->frame, wire.frame, sizeof(ro->frame));
	ro->frame_len = wire.len;
	ro->frame_words = wire.len / 8 + 1;
	ro->ipv6 = plan->to.ipv6;
	ro->random_ack = plan->to.kind->flags & FLAG_ACK;
	ro->tsval_at = wire.tsval_at;
	ro->ip_sum = wire.ip_sum;
	ro->tcp_sum = wire.tcp_sum;
}

static struct synflood *load(const struct plan *plan)
{
	struct synflood *skel = synflood__open();

	if (!skel)
		return NULL;
	set_source(plan, skel->rodata);
	set_template(plan, skel->rodata);
	if (getrandom(&skel->data->seed, sizeof(skel->data->seed), 0) < 0 ||
	    !skel->data->seed)
		skel->data->seed = now_ns();
	if (synflood__load(skel)) {
		synflood__destroy(skel);
		return NULL;
	}
	return skel;
}

/*
 * Every test run enters its program into the kernel's XDP dispatcher and takes
 * it out again, each time with a synchronize_rcu(): some ms, 3,000 times a
 * second. An entry that is there already costs nothing, and whoever is attached
 * somewhere has one. Somewhere is the loopback of a namespace that nobody else
 * sees; it goes away with our last descriptor.
 */
static int stay_dispatched(struct synflood *skel)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int hideout = -1, err;

	if (home < 0 || unshare(CLONE_NEWNET))
		return -errno;
	hideout = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	err = bpf_xdp_attach(LOOPBACK_IFINDEX,
			     bpf_program__fd(skel->progs.synflood),
			     XDP_FLAGS_SKB_MODE, NULL);
	if (hideout < 0 || setns(home, CLONE_NEWNET))
		err = -errno;
	close(home);
	return err;
}

/* ---- the pace ---------------------------------------------------------- */

static int push(struct synflood *skel, const struct plan *plan, __u64 frames)
{
	size_t room = skel->rodata->frame_words * 8;
	struct xdp_md ctx = {
		.data_end = room,
		.ingress_ifindex = plan->ifindex,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err;

	opts.data_in = skel->rodata->frame;
	opts.data_size_in = room;
	opts.ctx_in = &ctx;
	opts.ctx_size_in = sizeof(ctx);
	opts.repeat = frames;
	opts.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
	opts.batch_size = frames < BATCH ? frames : BATCH;
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.synflood),
				     &opts);
	return err == -EINTR ? 0 : err;
}

static __u64 batch_frames(const struct plan *plan)
{
	__u64 per_ms = plan->rate_pps / 1000;

	return per_ms < 1 ? 1 : per_ms > BATCH ? BATCH : per_ms;
}

/*
 * What should have left by now and has not. One second's worth is made up for
 * (a hypervisor that takes the CPU away keeps it for up to 0.5 s); what is
 * beyond that shows that the rate is out of reach, and is given up.
 */
static __u64 owed(const struct plan *plan, struct result *res, __u64 ran_ns)
{
	__u64 due = plan->rate_pps * (ran_ns / 1000) / (NS_PER_S / 1000);
	__u64 debt = due - res->frames - res->given_up;
	__u64 most = plan->rate_pps + BURST;

	if (debt > most) {
		res->given_up += debt - most;
		debt = most;
	}
	return debt;
}

/* Frames to send at once: whole batches, except for the last one. */
static __u64 burst(const struct plan *plan, const struct result *res,
		   __u64 debt, bool last)
{
	__u64 left = plan->count - res->frames;
	__u64 n = debt < BURST ? debt : BURST;

	if (n >= left)
		return left;
	return last || n >= batch_frames(plan) ? n : 0;
}

/*
 * Until the next batch is owed. When late, a quarter of a batch's time: the
 * receiver's ring gets a chance to drain before the next burst.
 */
static __u64 rest_ns(const struct plan *plan, __u64 debt)
{
	__u64 batch = batch_frames(plan);

	if (debt >= batch)
		return batch * NS_PER_S / plan->rate_pps / 4;
	return (batch - debt) * NS_PER_S / plan->rate_pps + 1;
}

static int run_paced(struct synflood *skel, const struct plan *plan,
		     struct result *res, __u64 start)
{
	__u64 whole = plan->seconds * NS_PER_S;
	__u64 ran, debt, n;
	bool last = false;
	int err;

	while (!stopped && !last && res->frames < plan->count) {
		ran = now_ns() - start;
		last = ran >= whole;
		debt = owed(plan, res, last ? whole : ran);
		n = burst(plan, res, debt, last);
		err = n ? push(skel, plan, n) : 0;
		if (err)
			return err;
		res->frames += n;
		if (!last)
			rest(rest_ns(plan, debt - n));
	}
	return 0;
}

static int run_unpaced(struct synflood *skel, const struct plan *plan,
		       struct result *res, __u64 start)
{
	__u64 end = start + plan->seconds * NS_PER_S;
	__u64 n;
	int err;

	while (!stopped && res->frames < plan->count && now_ns() < end) {
		n = plan->count - res->frames;
		if (n > UNPACED)
			n = UNPACED;
		err = push(skel, plan, n);
		if (err)
			return err;
		res->frames += n;
	}
	return 0;
}

/* ---- the interface ----------------------------------------------------- */

struct tx {
	__u32 packets;
	__u32 dropped; /* veth: the other end's ring had no room */
};

static struct tx tx_read(const char *dev)
{
	const struct rtnl_link_stats *stats;
	struct ifaddrs *all, *at;
	struct tx tx = { 0 };

	if (getifaddrs(&all))
		return tx;
	for (at = all; at; at = at->ifa_next) {
		if (!at->ifa_addr || at->ifa_addr->sa_family != AF_PACKET ||
		    strcmp(at->ifa_name, dev))
			continue;
		stats = at->ifa_data;
		tx.packets = stats->tx_packets;
		tx.dropped = stats->tx_dropped;
	}
	freeifaddrs(all);
	return tx;
}

static bool is_veth(int sock, const char *dev)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (void *)&info };

	strncpy(ifr.ifr_name, dev, IFNAMSIZ - 1);
	return !ioctl(sock, SIOCETHTOOL, &ifr) && !strcmp(info.driver, "veth");
}

static bool dev_read(struct plan *plan, int sock)
{
	struct ifreq ifr = { 0 };

	strncpy(ifr.ifr_name, plan->dev, IFNAMSIZ - 1);
	if (ioctl(sock, SIOCGIFINDEX, &ifr))
		return false;
	plan->ifindex = ifr.ifr_ifindex;
	if (ioctl(sock, SIOCGIFHWADDR, &ifr))
		return false;
	memcpy(plan->to.src_mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	return true;
}

/* A flood that leaves the bench does harm: lo and eth0 never, others asked. */
static bool dev_check(struct plan *plan)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const char *wrong = NULL;

	if (!strcmp(plan->dev, "lo") || !strcmp(plan->dev, "eth0"))
		wrong = "refused, a flood does not belong there";
	else if (!dev_read(plan, sock))
		wrong = "no such interface in this namespace";
	else if (!plan->force && !is_veth(sock, plan->dev))
		wrong = "not a veth; --force if you mean it";
	close(sock);
	if (wrong)
		fprintf(stderr, "synflood: --dev %s: %s\n", plan->dev, wrong);
	return !wrong;
}

/* ---- main -------------------------------------------------------------- */

static void print(const struct plan *plan, const struct result *res)
{
	double seconds = (double)res->ran_ns / NS_PER_S;
	__u64 sent = res->frames - res->not_taken;
	double rate = seconds > 0 ? sent / seconds : 0;

	printf(plan->json ?
		       "{\"schema\": 1, \"kind\": \"%s\", \"sent\": %llu, "
		       "\"seconds\": %.3f, \"rate\": %.0f, \"asked\": %llu, "
		       "\"not_taken\": %llu, \"given_up\": %llu}\n" :
		       "%s: sent %llu in %.3f s, %.0f/s (asked %llu/s, "
		       "not taken %llu, given up %llu)\n",
	       plan->to.kind->name, sent, seconds, rate, plan->rate_pps,
	       res->not_taken, res->given_up);
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("synflood: --cpu");
}

static void prepare(const struct plan *plan)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	prctl(PR_SET_TIMERSLACK, 1); /* ns; the default 50 us is too coarse */
	if (plan->cpu >= 0)
		stay_on(plan->cpu);
}

static int flood(const struct plan *plan, struct synflood *skel,
		 struct result *res)
{
	struct tx after, before = tx_read(plan->dev);
	__u64 start = now_ns();
	__u64 left;
	int err;

	err = plan->rate_pps ? run_paced(skel, plan, res, start) :
			       run_unpaced(skel, plan, res, start);
	res->ran_ns = now_ns() - start;
	after = tx_read(plan->dev);
	res->not_taken = (__u32)(after.dropped - before.dropped);
	left = (__u32)(after.packets - before.packets);
	/* the kernel reports no error for frames that it cannot send */
	if (!err && left + res->not_taken < (res->frames + 1) / 2)
		err = -ENOTCONN;
	return err;
}

int main(int argc, char **argv)
{
	struct plan plan;
	struct result res = { 0 };
	struct synflood *skel;
	int err;

	err = plan_parse(argc, argv, &plan);
	if (err)
		return err < 0 ? 0 : err;
	if (!dev_check(&plan))
		return 2;
	prepare(&plan);
	skel = load(&plan);
	if (!skel) {
		fprintf(stderr, "synflood: load: %s\n", strerror(errno));
		return 1;
	}
	err = stay_dispatched(skel);
	if (!err)
		err = flood(&plan, skel, &res);
	synflood__destroy(skel);
	if (err)
		fprintf(stderr, "synflood: %s: %s\n", plan.dev,
			err == -ENOTCONN ? "nothing left; the other end needs "
					   "an XDP program, or GRO on" :
					   strerror(-err));
	else
		print(&plan, &res);
	return err ? 1 : 0;
}
