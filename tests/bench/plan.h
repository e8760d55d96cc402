/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.h - what was asked of synflood
 *
 * Knows: the command line, its limits and defaults.
 * Does not know: whether the interface exists or the kernel can do it.
 *
 * A header for the same reason as template.h.
 */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "template.h"

#define SECONDS_MAX 120
#define RATE_MAX 100000000ULL

struct plan {
	struct target to;
	const char *dev;
	int ifindex;
	__u8 source[16]; /* IPv4 in the first four bytes */
	int source_bits;
	int cpu;        /* -1: any */
	__u64 rate_pps; /* 0: no pace */
	__u64 seconds;
	__u64 count;
	bool have_dst, want_ipv6, json, force;
};

static const char plan_usage_text[] =
	"usage: synflood --dev IFACE --dst ADDR --dst-mac MAC --port N\n"
	"                --seconds S [options]\n"
	"  -d, --dev IFACE      where the frames leave (a veth)\n"
	"  -a, --dst ADDR       whom they go to, IPv4 or IPv6\n"
	"  -m, --dst-mac MAC    its MAC address\n"
	"  -p, --port N         its port\n"
	"  -s, --seconds S      stop after S seconds, 1 to 120\n"
	"  -r, --rate PPS       frames per second, 0: no pace (default 0)\n"
	"  -n, --count N        stop after N frames\n"
	"  -S, --source PREFIX  invented sources (default 198.18.0.0/15,\n"
	"                       IPv6 2001:db8:ffff::/48)\n"
	"  -k, --kind KIND      syn, ack, optionless or windows (default syn)\n"
	"  -c, --cpu N          stay on this CPU\n"
	"  -6                   insist on IPv6\n"
	"  -f, --force          also on what is not a veth\n"
	"  -j, --json           the result as JSON\n"
	"  -h, --help           this text\n"
	"Exit: 0 sent, 1 the kernel refused, 2 usage.\n";

static const struct option plan_longs[] = {
	{ "dev", required_argument, NULL, 'd' },
	{ "dst", required_argument, NULL, 'a' },
	{ "dst-mac", required_argument, NULL, 'm' },
	{ "port", required_argument, NULL, 'p' },
	{ "seconds", required_argument, NULL, 's' },
	{ "rate", required_argument, NULL, 'r' },
	{ "count", required_argument, NULL, 'n' },
	{ "source", required_argument, NULL, 'S' },
	{ "kind", required_argument, NULL, 'k' },
	{ "cpu", required_argument, NULL, 'c' },
	{ "force", no_argument, NULL, 'f' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static inline bool plan_number(const char *text, __u64 min, __u64 max,
			       __u64 *ret)
{
	char *end;
	__u64 value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < min ||
	    value > max)
		return false;
	*ret = value;
	return true;
}

static inline bool plan_port(const char *text, __be16 *ret)
{
	__u64 port;

	if (!plan_number(text, 1, 65535, &port))
		return false;
	*ret = htons(port);
	return true;
}

static inline bool plan_cpu(const char *text, int *ret)
{
	__u64 cpu;

	if (!plan_number(text, 0, CPU_SETSIZE - 1, &cpu))
		return false;
	*ret = cpu;
	return true;
}

static inline bool plan_mac(const char *text, __u8 *mac)
{
	int used = 0;

	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%n", &mac[0], &mac[1],
		      &mac[2], &mac[3], &mac[4], &mac[5], &used) == 6 &&
	       !text[used];
}

static inline bool plan_addr(const char *text, __u8 *addr, bool *ret_ipv6)
{
	*ret_ipv6 = strchr(text, ':');
	return inet_pton(*ret_ipv6 ? AF_INET6 : AF_INET, text, addr) == 1;
}

static inline bool plan_kind(const char *text, const struct kind **ret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(text, kinds[i].name))
			continue;
		*ret = &kinds[i];
		return true;
	}
	return false;
}

/* Its family must be that of --dst, which is known by now. */
static inline bool plan_source(const char *text, struct plan *plan)
{
	char addr[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	__u64 bits;
	bool ipv6;

	if (!slash || slash - text >= (long)sizeof(addr))
		return false;
	memcpy(addr, text, slash - text);
	addr[slash - text] = '\0';
	if (!plan_addr(addr, plan->source, &ipv6) || ipv6 != plan->to.ipv6 ||
	    !plan_number(slash + 1, 0, ipv6 ? 128 : 32, &bits))
		return false;
	plan->source_bits = bits;
	return true;
}

/* Returns whether @opt and its argument make sense. */
static inline bool plan_opt(int opt, struct plan *plan, const char **ret_source)
{
	switch (opt) {
	case 'd':
		plan->dev = optarg;
		return true;
	case 'a':
		return plan->have_dst =
			       plan_addr(optarg, plan->to.dst, &plan->to.ipv6);
	case 'm':
		return plan_mac(optarg, plan->to.dst_mac);
	case 'p':
		return plan_port(optarg, &plan->to.port);
	case 's':
		return plan_number(optarg, 1, SECONDS_MAX, &plan->seconds);
	case 'r':
		return plan_number(optarg, 0, RATE_MAX, &plan->rate_pps);
	case 'n':
		return plan_number(optarg, 1, ~0ULL, &plan->count);
	case 'S':
		*ret_source = optarg;
		return true;
	case 'k':
		return plan_kind(optarg, &plan->to.kind);
	case 'c':
		return plan_cpu(optarg, &plan->cpu);
	case '6':
		return plan->want_ipv6 = true;
	case 'f':
		return plan->force = true;
	case 'j':
		return plan->json = true;
	}
	return false;
}

static inline int plan_usage(const char *what, const char *value)
{
	fprintf(stderr, "synflood: %s%s%s\n%s", what, value ? " " : "",
		value ? value : "", plan_usage_text);
	return 2;
}

/* Returns 0, the exit code, or -1 when the help is all that was asked. */
static inline int plan_parse(int argc, char **argv, struct plan *plan)
{
	const char *opts = "d:a:m:p:s:r:n:S:k:c:6fjh";
	static const __u8 no_mac[ETH_ALEN];
	const char *source = NULL;
	int opt;

	*plan = (struct plan){ .cpu = -1, .count = ~0ULL, .to.kind = kinds };
	while ((opt = getopt_long(argc, argv, opts, plan_longs, NULL)) >= 0) {
		if (opt == 'h') {
			fputs(plan_usage_text, stdout);
			return -1;
		}
		if (!plan_opt(opt, plan, &source))
			return plan_usage("does not fit:", argv[optind - 1]);
	}
	if (optind < argc)
		return plan_usage("not an option:", argv[optind]);
	if (!plan->dev || !plan->have_dst || !plan->to.port || !plan->seconds ||
	    !memcmp(plan->to.dst_mac, no_mac, ETH_ALEN))
		return plan_usage(
			"needed: --dev --dst --dst-mac --port --seconds", NULL);
	if (plan->want_ipv6 && !plan->to.ipv6)
		return plan_usage("-6 needs an IPv6 --dst", NULL);
	if (!source)
		source = plan->to.ipv6 ? "2001:db8:ffff::/48" : "198.18.0.0/15";
	if (!plan_source(source, plan))
		return plan_usage("--source does not fit:", source);
	return 0;
}

#endif
