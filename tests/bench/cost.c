// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cost.c - what sw_xdp costs per packet, above a program that does nothing
 *
 * Knows: the packets, what each is to count as, and the stage that it needs. A
 * row whose packets did not all leave for its reason is an error, not a figure.
 * Does not know how a figure is taken (measure.h).
 *
 * In namespaces of its own, without traffic: what a NIC's driver does with a
 * frame, and a cold cache, are the flood's part (grid.sh).
 */
#include "flows.h"
#include "measure.h"
#include "steps.skel.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

/* What the machine is in when the packet comes. */
enum stage {
	STAGE_ALWAYS, /* every SYN is challenged */
	STAGE_CALM,   /* adaptive, nobody was challenged lately */
	STAGE_ACTIVE, /* adaptive, the service issued a cookie lately */
	STAGE_USED,   /* active, and the cookie has become a connection */
};

enum program { SYNWARD, DROP, REFLECT, LOOKUP, SIPHASH, CLOCK };

struct row {
	const char *packet;
	struct frame_spec spec;
	enum stage stage;
	enum sw_reason want; /* 0: not synward's */
	enum program program;
	bool cookies;     /* the ACK is of each flow's own cookie */
	bool connections; /* of each flow */
	unsigned int flows[3];
};

static const unsigned char options_ack[12] = { 1, 1, 8, 10, 1, 2,
					       3, 5, 9, 9,  9, 9 };

#define LINUX FRAME_OPTIONS(frame_options_linux)
#define SYN_WITH(...)                           \
	{                                       \
		.flags = FRAME_SYN, __VA_ARGS__ \
	}
#define ACK_WITH(...)                                                     \
	{                                                                 \
		.flags = FRAME_ACK, .seq = 1, FRAME_OPTIONS(options_ack), \
		__VA_ARGS__                                               \
	}
#define ALL_FLOWS              \
	{                      \
		1, 1024, 65536 \
	}

/* Each flow's ACK is told from data behind it by not having come lately, so
 * valid ones need more than a few flows. */
static const struct row rows[] = {
	{ "XDP_DROP of a SYN", SYN_WITH(LINUX), .program = DROP,
	  .flows = { 1 } },
	{ "XDP_TX of a SYN", SYN_WITH(LINUX), .program = REFLECT,
	  .flows = { 1 } },
	{ "socket lookup alone", SYN_WITH(LINUX), .program = LOOKUP,
	  .flows = ALL_FLOWS },
	{ "SipHash alone", SYN_WITH(LINUX), .program = SIPHASH,
	  .flows = { 1 } },
	{ "clock alone", SYN_WITH(LINUX), .program = CLOCK, .flows = { 1 } },
	{ "SYN, Linux options, IPv4", SYN_WITH(LINUX), .want = SW_SYN_ANSWERED,
	  .flows = ALL_FLOWS },
	{ "SYN, Linux options, IPv6", SYN_WITH(LINUX, .ip6 = true),
	  .want = SW_SYN_ANSWERED, .flows = ALL_FLOWS },
	{ "SYN, Linux options, IPv4, VLAN", SYN_WITH(LINUX, .vlan_tags = 1),
	  .want = SW_SYN_ANSWERED, .flows = { 1 } },
	{ "SYN, Windows options, IPv4",
	  SYN_WITH(FRAME_OPTIONS(frame_options_windows)),
	  .want = SW_SYN_ANSWERED, .flows = { 1 } },
	{ "SYN, macOS options, IPv4",
	  SYN_WITH(FRAME_OPTIONS(frame_options_macos)), .want = SW_SYN_ANSWERED,
	  .flows = { 1 } },
	{ "SYN, no options, IPv4", SYN_WITH(0), .want = SW_SYN_ANSWERED,
	  .flows = { 1 } },
	{ "SYN let in, Linux options, IPv4", SYN_WITH(LINUX), STAGE_CALM,
	  SW_SYN_CALM, .flows = { 1 } },
	{ "SYN to a closed port", SYN_WITH(LINUX, .dport = 99),
	  .want = SW_SYN_NO_LISTENER, .flows = { 1 } },
	{ "valid ACK, IPv4", ACK_WITH(), STAGE_ACTIVE, SW_ACK_VALID,
	  .cookies = true, .flows = { 65536 } },
	{ "valid ACK, IPv6", ACK_WITH(.ip6 = true), STAGE_ACTIVE, SW_ACK_VALID,
	  .cookies = true, .flows = { 65536 } },
	{ "bad ACK, IPv4", ACK_WITH(), STAGE_ACTIVE, SW_ACK_BAD,
	  .flows = ALL_FLOWS },
	{ "bad ACK, IPv6", ACK_WITH(.ip6 = true), STAGE_ACTIVE, SW_ACK_BAD,
	  .flows = ALL_FLOWS },
	{ "ACK of a used-up cookie", ACK_WITH(), STAGE_USED, SW_ACK_REPLAYED,
	  .cookies = true, .flows = { 1 } },
	{ "established, gate idle", ACK_WITH(), STAGE_CALM, SW_SERVICE_IDLE,
	  .connections = true, .flows = ALL_FLOWS },
	{ "established, gate active", ACK_WITH(), STAGE_ACTIVE,
	  SW_ACK_HAS_SOCKET, .connections = true, .flows = ALL_FLOWS },
	{ "UDP", ACK_WITH(.ip_protocol = 17), STAGE_ACTIVE, SW_NOT_TCP,
	  .flows = { 1 } },
	{ "ARP", ACK_WITH(.ethertype = 0x0806), STAGE_ACTIVE, SW_NOT_TCP,
	  .flows = { 1 } },
};

static struct steps *steps_skel;

/* ---- the stage ---- */

static const struct frame_spec syn_v4 = SYN_WITH(LINUX);

static void used_up(const struct frame_spec *spec)
{
	struct frame_spec ack = *spec;
	unsigned char options[12];

	frame_timestamps(options, FRAME_TSVAL,
			 ntohl(measure_skel->bss->cost_acks[0].tsecr));
	ack.options = options;
	ack.src = FLOWS_SOURCE4;
	ack.sport = flows_port(0);
	ack.ack = ntohl(measure_skel->bss->cost_acks[0].ack);
	run_consume(&ack);
}

static void set_stage(const struct row *row, unsigned int flows)
{
	run_reset();
	/* so long a queue that all SYNs of a row would not fill it: to a gate
	 * they come in one tick, for each round turns the clock back */
	run_sysctl("core/somaxconn", "1000000000");
	run_listen((struct run_listener){ .backlog = 1000000000 });
	if (row->cookies)
		flows_collect((struct frame_spec)SYN_WITH(LINUX,
							  .ip6 = row->spec.ip6),
			      flows);
	else if (row->stage >= STAGE_ACTIVE)
		run_wants(&syn_v4, SW_SYN_ANSWERED);
	if (row->connections)
		flows_connect(flows);
	if (row->stage != STAGE_ALWAYS)
		run_mode(SW_MODE_ADAPTIVE);
	if (row->stage == STAGE_USED)
		used_up(&row->spec);
}

/* The time goes on meanwhile, and cookies die of age. */
static void same_epoch(void)
{
	run_clock(RUN_EPOCH, 10 * RUN_SECOND_NS);
}

static void set_frame(const struct row *row, unsigned int flows)
{
	unsigned int l2 = 14 + 4 * row->spec.vlan_tags;
	unsigned int tcp = l2 + (row->spec.ip6 ? 40 : 20);
	struct frame_spec spec = row->spec;
	struct frame f;

	spec.src = spec.ip6 ? FLOWS_SOURCE6 : FLOWS_SOURCE4;
	frame_build(&f, &spec);
	memcpy(measure_skel->bss->cost_frame.frame, f.data, f.len);
	measure_skel->bss->cost_frame.len = f.len;
	memcpy(&measure_skel->bss->cost_frame.last8, f.data + f.len - 8, 8);
	measure_skel->bss->cost_frame.flow_mask = flows - 1;
	measure_skel->bss->cost_frame.source_at = l2 + (spec.ip6 ? 20 : 12);
	measure_skel->bss->cost_frame.port_at = tcp;
	measure_skel->bss->cost_frame.ack_at = row->cookies ? tcp + 8 : 0;
	measure_skel->bss->cost_frame.tsecr_at = row->cookies ? tcp + 28 : 0;
}

static const struct bpf_program *program(const struct row *row)
{
	switch (row->program) {
	case DROP:
		return measure_skel->progs.cost_drop;
	case REFLECT:
		return measure_skel->progs.cost_reflect;
	case LOOKUP:
		return steps_skel->progs.steps_lookup;
	case SIPHASH:
		return steps_skel->progs.steps_siphash;
	case CLOCK:
		return steps_skel->progs.steps_clock;
	default:
		return run_skel->progs.sw_xdp;
	}
}

/* A few may leave otherwise: valid ACKs whose slot still remembers them, and
 * one bad ACK in a tick that was looked at twice. */
static void check(const struct row *row, __u64 before)
{
	__u64 packets = (__u64)measure_rounds * measure_repeat;
	__u64 counted = run_count(row->want) - before;

	if (row->want && counted < packets / 100 * 99)
		errx(1, "%s: %llu of %llu counted as %s", row->packet, counted,
		     packets, run_reason_name(row->want));
}

static struct measured run_row(const struct row *row, unsigned int flows)
{
	struct measured m;
	__u64 before;

	set_stage(row, flows);
	set_frame(row, flows);
	before = run_count(row->want);
	m = measure(program(row), same_epoch);
	check(row, before);
	flows_disconnect();
	return m;
}

/* ---- what is said ---- */

static json_t *rounded(double v, double to)
{
	return isnan(v) ? json_null() : json_real(round(v * to) / to);
}

static void tell(json_t *list, const struct row *row, unsigned int flows,
		 const struct measured *m)
{
	char instructions[16] = "-";

	if (!isnan(m->instructions))
		snprintf(instructions, sizeof(instructions), "%.0f",
			 m->instructions);
	printf("  %-32s %6u %7.0f %7.0f %12s\n", row->packet, flows,
	       m->least_ns, m->mean_ns, instructions);
	fflush(stdout);
	json_array_append_new(
		list, json_pack("{s:s, s:i, s:o, s:o, s:o}", "packet",
				row->packet, "flows", flows, "above_empty_ns",
				rounded(m->least_ns, 10), "mean_ns",
				rounded(m->mean_ns, 10), "instructions",
				rounded(m->instructions, 1)));
}

static void run_rows(json_t *list, const char *only)
{
	printf("ns above an empty program, %u rounds of %u packets\n"
	       "  %-32s %6s %7s %7s %12s\n",
	       measure_rounds, measure_repeat, "packet", "flows", "least",
	       "mean", "instructions");
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (only && !strstr(rows[i].packet, only))
			continue;
		for (int f = 0; f < 3 && rows[i].flows[f]; f++) {
			struct measured m = run_row(&rows[i], rows[i].flows[f]);

			tell(list, &rows[i], rows[i].flows[f], &m);
		}
	}
}

static void usage(FILE *to)
{
	fprintf(to, "usage: cost [--json FILE] [--quick] [--only TEXT]\n"
		    "  --quick      fewer rounds\n"
		    "  --only TEXT  rows whose name holds TEXT\n"
		    "Exit: 0 done, 1 failed, 2 usage.\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "quick", no_argument, NULL, 'q' },
		{ "only", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	const char *file = NULL, *only = NULL;
	json_t *list = json_array(), *document;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			file = optarg;
			break;
		case 'q':
			measure_rounds = 12;
			break;
		case 'o':
			only = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	run_open();
	measure_open();
	steps_skel = steps__open_and_load();
	if (!steps_skel)
		err(1, "load steps.bpf.c");
	run_rows(list, only);
	steps__destroy(steps_skel);
	measure_close();
	run_close();
	document = json_pack("{s:o}", "cost", list);
	if (file && json_dump_file(document, file, JSON_INDENT(1)))
		errx(1, "%s: cannot be written", file);
	json_decref(document);
	return 0;
}
