// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * user/stats.c and user/reasons.c: when numbers are called an attack, and that
 * the half-open statistics are the sum of the reasons.
 */
#include "unit.h"

#include "reasons.h"
#include "stats.h"

#define SECOND 1000000000ULL
#define NOW (1000 * SECOND)

struct judged {
	const char *name;
	enum sw_mode mode;
	__u64 challenged, would, valid; /* in the last second */
	__u64 last_ago, updated_ago;    /* seconds */
	enum stats_state state;
};

static const struct judged judged[] = {
	{ "nothing challenged is calm", SW_MODE_ADAPTIVE, 0, 0, 0, 999, 0,
	  STATS_CALM },
	{ "challenges that nobody answers are an attack", SW_MODE_ADAPTIVE,
	  1000, 0, 3, 0, 0, STATS_ATTACK },
	{ "challenges that clients answer are a queue that fills",
	  SW_MODE_ADAPTIVE, 1000, 0, 990, 0, 0, STATS_FILLING },
	{ "half of them answered is no attack", SW_MODE_ADAPTIVE, 1000, 0, 500,
	  0, 0, STATS_FILLING },
	{ "just under half is one", SW_MODE_ADAPTIVE, 1000, 0, 499, 0, 0,
	  STATS_ATTACK },
	{ "20 a second are enough", SW_MODE_ADAPTIVE, 20, 0, 0, 0, 0,
	  STATS_ATTACK },
	{ "19 are not", SW_MODE_ADAPTIVE, 19, 0, 0, 0, 0, STATS_FILLING },
	{ "5 s after the last challenge it still fills", SW_MODE_ADAPTIVE, 0, 0,
	  0, 5, 0, STATS_FILLING },
	{ "6 s after the last challenge it is calm", SW_MODE_ADAPTIVE, 0, 0, 0,
	  6, 0, STATS_CALM },
	{ "always: answered challenges are calm", SW_MODE_ALWAYS, 1000, 0, 990,
	  0, 0, STATS_CALM },
	{ "always: unanswered ones are an attack", SW_MODE_ALWAYS, 1000, 0, 1,
	  0, 0, STATS_ATTACK },
	{ "observe: what would have been challenged is an attack",
	  SW_MODE_OBSERVE, 0, 1000, 0, 0, 0, STATS_ATTACK },
	{ "off knows nothing", SW_MODE_OFF, 0, 0, 0, 999, 0, STATS_OFF },
	{ "numbers 4 s old tell nothing", SW_MODE_ALWAYS, 1000, 0, 1, 0, 4,
	  STATS_UNKNOWN },
};

static void is_judged(void **state)
{
	const struct judged *j = *state;
	const struct sw_half_open_rates rates = {
		.syn_challenged = j->challenged,
		.syn_would = j->would,
		.cookies_valid = j->valid,
	};
	const struct stats_evidence evidence = {
		.mode = j->mode,
		.now_ns = NOW,
		.updated_ns = NOW - j->updated_ago * SECOND,
		.challenged = { .since_ns = NOW - 10 * SECOND,
				.last_ns = NOW - j->last_ago * SECOND },
		.per_second = &rates,
	};
	struct stats_verdict v = stats_judge(&evidence);
	bool goes_on = j->state == STATS_ATTACK || j->state == STATS_FILLING;

	assert_int_equal(v.state, j->state);
	assert_int_equal(v.challenged_pps, j->challenged + j->would);
	assert_int_equal(v.since_ns, goes_on ? NOW - 10 * SECOND : 0);
}

/* Each reason counts 2^n, so that a sum says which ones are in it. */
static void columns_are_sums_of_reasons(void **state)
{
	struct sw_reasons counters = {};
	struct sw_half_open sum;

	(void)state;
	counters.syn_calm = 1;
	counters.syn_no_listener = 2;
	counters.syn_answered = 4;
	counters.syn_accept_full = 8;
	counters.would_syn_answered = 16;
	counters.would_syn_accept_full = 32;
	counters.ack_valid = 64;
	counters.ack_bad = 128;
	counters.would_ack_bad = 256;
	counters.ack_old = 512;
	counters.tc_socket_made = 1024;
	counters.tc_refused_inval = 2048;
	counters.ack_accept_full = 4096;
	counters.ack_has_socket = 8192;
	counters.ack_replayed = 16384;
	counters.would_ack_replayed = 32768;
	reasons_half_open(&counters, &sum);
	assert_int_equal(sum.syn_seen, 1 + 2 + 4 + 8 + 16 + 32);
	assert_int_equal(sum.syn_passed, 1 + 2 + 32);
	assert_int_equal(sum.syn_challenged, 4);
	assert_int_equal(sum.syn_would, 16);
	assert_int_equal(sum.syn_dropped, 8);
	assert_int_equal(sum.cookies_valid, 64);
	assert_int_equal(sum.cookies_bad, 128 + 256);
	assert_int_equal(sum.cookies_old, 512);
	assert_int_equal(sum.cookies_replayed, 16384 + 32768);
	assert_int_equal(sum.sockets_made, 1024);
	assert_int_equal(sum.sockets_refused, 2048 + 4096);
}

static void packets_are_those_of_one_program(void **state)
{
	struct sw_reasons counters = {};
	__u64 *count = (__u64 *)&counters;

	(void)state;
	for (int i = 0; i < SW_REASONS; i++)
		count[i] = 1;
	assert_int_equal(reasons_packets(&counters, false), SW_TC_UNMARKED);
	assert_int_equal(reasons_packets(&counters, true),
			 SW_REASONS - SW_TC_UNMARKED);
}

struct fault {
	const char *name;
	enum sw_reason counts;
	const char *cure; /* part of it; NULL = none is needed */
};

static const struct fault faults[] = {
	{ "no room for the SYN-ACK is cured by generic XDP", SW_SYN_NO_ROOM,
	  "--xdp generic" },
	{ "an MPTCP listener is cured by turning that off", SW_SYN_MPTCP,
	  "net.mptcp.enabled=0" },
	{ "refused with EINVAL has a cure", SW_TC_REFUSED_INVAL, "MPTCP" },
	{ "refused with ENETUNREACH has a cure", SW_TC_REFUSED_NETNS,
	  "network namespace" },
	{ "refused with ENOMEM has a cure", SW_TC_REFUSED_NOMEM, "memory" },
	{ "refused otherwise has a cure", SW_TC_REFUSED_OTHER, "report" },
	{ "bad ACKs are no fault of this machine", SW_ACK_BAD, NULL },
	{ "a full accept queue is the application's", SW_SYN_ACCEPT_FULL,
	  NULL },
	{ "a socket made is no fault", SW_TC_SOCKET_MADE, NULL },
};

static void fault_is_named(void **state)
{
	const struct stats_fault *found[STATS_FAULTS];
	const struct fault *f = *state;
	struct sw_reasons counters = {};

	((__u64 *)&counters)[f->counts] = 1;
	stats_faults(&counters, found);
	assert_null(found[1]);
	if (!f->cure) {
		assert_null(found[0]);
		return;
	}
	assert_int_equal(found[0]->reason, f->counts);
	assert_non_null(strstr(found[0]->cure, f->cure));
}

static void all_faults_are_named(void **state)
{
	const struct stats_fault *found[STATS_FAULTS];
	struct sw_reasons counters;

	(void)state;
	memset(&counters, 1, sizeof(counters));
	stats_faults(&counters, found);
	for (size_t i = 0; i < STATS_FAULTS; i++) {
		assert_non_null(found[i]);
		if (i)
			assert_true(found[i - 1]->reason < found[i]->reason);
	}
}

static void every_reason_has_name_and_help(void **state)
{
	(void)state;
	for (int i = 0; i < SW_REASONS; i++) {
		assert_true(*reasons_table[i].name);
		assert_true(*reasons_table[i].help);
	}
}

int main(void)
{
	static struct table t;

	table_rows(&t, judged, is_judged);
	table_rows(&t, faults, fault_is_named);
	table_case(&t, "faults are named in the order of the reasons",
		   all_faults_are_named, NULL);
	table_case(&t, "columns are sums of reasons",
		   columns_are_sums_of_reasons, NULL);
	table_case(&t, "packets are those of one program",
		   packets_are_those_of_one_program, NULL);
	table_case(&t, "every reason has a name and a help text",
		   every_reason_has_name_and_help, NULL);
	return table_run(&t, "stats");
}
