/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The books that people read: rows per listening port, and the sums that the
 * timer makes once a second of the reasons.
 */
#include "run.h"

#include <bpf/bpf.h>

#define CLOSED_PORT 90
#define COARSE_NS 10000000

static struct frame_spec syn_to(unsigned short dport, unsigned short sport)
{
	return (struct frame_spec){ .flags = FRAME_SYN,
				    .dport = dport,
				    .sport = sport,
				    FRAME_OPTIONS(frame_options_linux) };
}

static void start_timer(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int fd = bpf_program__fd(run_skel->progs.sw_start);

	if (bpf_prog_test_run_opts(fd, &opts) || opts.retval)
		abort();
	/* a second start finds it running */
	if (bpf_prog_test_run_opts(fd, &opts) || opts.retval)
		abort();
}

static bool is_newer_than(void *then)
{
	struct sw_totals t;

	run_totals(&t);
	return t.updated_ns > *(__u64 *)then;
}

/* The sums by a tick of the timer that began after this call: the timer
 * reads the fine clock, which is less than one coarse tick ahead. */
static void fresh_totals(struct sw_totals *ret)
{
	__u64 now = run_now() + COARSE_NS;

	assert_true(run_until(is_newer_than, &now));
	run_totals(ret);
}

static bool find_service(__u32 port, struct sw_service *ret)
{
	return !bpf_map_lookup_elem(bpf_map__fd(run_skel->maps.sw_services),
				    &port, ret);
}

/* n handshakes at a port, of which half come back. */
static void handshakes(unsigned short port, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct frame_spec syn = syn_to(port, 1000 + i);
		struct run_shake s;

		run_shake(&syn, &s);
		if (i % 2)
			run_wants(&s.ack, SW_ACK_VALID);
	}
}

static void rows_for_listeners(void **state)
{
	struct frame_spec closed = syn_to(CLOSED_PORT, 1);
	struct frame_spec ack = { .flags = FRAME_ACK, .dport = 80, .ack = 5 };
	struct sw_service first, second;
	struct sw_port port;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_listen((struct run_listener){ .port = 81 });
	run_wants(&closed, SW_SYN_NO_LISTENER);
	assert_false(find_service(CLOSED_PORT, &first));
	handshakes(80, 1);
	handshakes(81, 2);
	run_wants(&ack, SW_ACK_BAD);

	assert_true(find_service(80, &first));
	assert_true(find_service(81, &second));
	assert_int_not_equal(first.id, second.id);
	assert_int_equal(run_count_of(first.id, SW_SYN_ANSWERED), 1);
	assert_int_equal(run_count_of(first.id, SW_ACK_BAD), 1);
	assert_int_equal(run_count_of(second.id, SW_SYN_ANSWERED), 2);
	assert_int_equal(run_count_of(SW_SERVICE_NONE, SW_SYN_NO_LISTENER), 1);
	run_port(80, &port);
	assert_int_equal(port.service, first.id);
	assert_int_equal(port.cookie_epoch, RUN_EPOCH);
	run_port(CLOSED_PORT, &port);
	assert_int_equal(port.service, SW_SERVICE_NONE);
}

static void rows_run_out(void **state)
{
	struct sw_totals totals;
	struct sw_service other;
	__u32 zero = 0;

	(void)state;
	run_reset();
	run_totals(&totals);
	totals.services = SW_SERVICES_MAX - 3; /* one is left */
	bpf_map_update_elem(bpf_map__fd(run_skel->maps.sw_totals), &zero,
			    &totals, 0);
	for (unsigned short port = 80; port < 83; port++) {
		run_listen((struct run_listener){ .port = port });
		handshakes(port, 1);
	}
	assert_true(find_service(80, &other));
	assert_int_equal(other.id, SW_SERVICES_MAX - 1);
	assert_false(find_service(81, &other));
	assert_false(find_service(82, &other));
	assert_true(find_service(0, &other));
	assert_int_equal(other.id, SW_SERVICE_OTHER);
	assert_int_equal(run_count_of(SW_SERVICE_OTHER, SW_SYN_ANSWERED), 2);
}

static void sums_are_the_reasons(void **state)
{
	struct frame_spec closed = syn_to(CLOSED_PORT, 1);
	struct frame_spec bad = { .flags = FRAME_ACK, .dport = 80, .ack = 5 };
	struct frame_spec arp = { .ethertype = 0x0806 };
	struct sw_service first, second;
	struct sw_totals t;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_listen((struct run_listener){ .port = 81 });
	handshakes(80, 10); /* 15 packets */
	handshakes(81, 4);  /* 6 */
	run_wants(&closed, SW_SYN_NO_LISTENER);
	run_wants(&bad, SW_ACK_BAD);
	run_wants(&arp, SW_NOT_TCP);
	fresh_totals(&t);

	assert_int_equal(t.xdp_packets, 15 + 6 + 3);
	assert_int_equal(t.tc_packets, 0);
	for (int r = 0; r < SW_REASONS; r++)
		assert_int_equal(((__u64 *)&t.reasons)[r], run_count(r));
	assert_int_equal(t.sum.syn_seen, 15);
	assert_int_equal(t.sum.syn_passed, 1);
	assert_int_equal(t.sum.syn_challenged, 14);
	assert_int_equal(t.sum.syn_would, 0);
	assert_int_equal(t.sum.syn_dropped, 0);
	assert_int_equal(t.sum.cookies_valid, 7);
	assert_int_equal(t.sum.cookies_bad, 1);
	assert_int_equal(t.sum.cookies_old, 0);
	assert_true(find_service(80, &first));
	assert_true(find_service(81, &second));
	assert_int_equal(first.sum.syn_challenged, 10);
	assert_int_equal(first.sum.cookies_valid, 5);
	assert_int_equal(first.sum.cookies_bad, 1);
	assert_int_equal(first.sum.cookies_open, 5);
	assert_int_equal(second.sum.syn_challenged, 4);
	assert_int_equal(second.sum.cookies_open, 2);
	assert_true(second.first_syn_ns >= first.first_syn_ns);
}

static void would_columns(void **state)
{
	struct frame_spec bad = { .flags = FRAME_ACK, .dport = 80, .ack = 5 };
	struct frame_spec syn = syn_to(80, 1);
	struct sw_totals t;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_half_open(4);
	run_mode(SW_MODE_OBSERVE);
	run_wants(&syn, SW_WOULD_SYN_ANSWERED);
	run_wants(&bad, SW_WOULD_ACK_BAD);
	fresh_totals(&t);
	assert_int_equal(t.sum.syn_seen, 1);
	assert_int_equal(t.sum.syn_would, 1);
	assert_int_equal(t.sum.syn_challenged, 0);
	assert_int_equal(t.sum.cookies_bad, 1);
	assert_int_equal(t.sum.cookies_open, 0);
}

/* ---- rates ---- */

struct pair {
	struct sw_totals before, after;
};

/* Keeps both sides of the tick in which the SYNs were counted. */
static bool has_counted(void *data)
{
	struct pair *p = data;
	struct sw_totals now;

	run_totals(&now);
	if (now.updated_ns == p->after.updated_ns)
		return false;
	p->before = p->after;
	p->after = now;
	return p->after.sum.syn_seen != p->before.sum.syn_seen;
}

static void rates_are_of_the_interval(void **state)
{
	struct frame_spec syn = syn_to(80, 1);
	struct pair p;
	__u64 by;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	fresh_totals(&p.after);
	for (int i = 0; i < 40; i++)
		run_wants(&syn, SW_SYN_ANSWERED);
	assert_true(run_until(has_counted, &p));
	by = p.after.sum.syn_seen - p.before.sum.syn_seen;
	assert_int_equal(p.after.interval_ns,
			 p.after.updated_ns - p.before.updated_ns);
	assert_int_equal(p.after.per_second.syn_seen,
			 (by * RUN_SECOND_NS + p.after.interval_ns / 2) /
				 p.after.interval_ns);
	assert_int_equal(p.after.per_second.syn_challenged,
			 p.after.per_second.syn_seen);
	assert_int_equal(p.after.xdp_packets_per_second,
			 p.after.per_second.syn_seen);
	assert_int_equal(p.after.challenged.last_ns, p.after.updated_ns);
	assert_in_range(p.after.challenged.since_ns, 1, p.after.updated_ns);
	while (p.after.sum.syn_seen < 40) /* the timer came in between */
		fresh_totals(&p.after);
	assert_int_equal(p.after.sum.syn_seen, 40);
	fresh_totals(&p.after);
	assert_int_equal(p.after.per_second.syn_seen, 0);
}

static void open_cookies_expire(void **state)
{
	struct sw_totals t;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	fresh_totals(&t);
	handshakes(80, 10);
	fresh_totals(&t);
	assert_int_equal(t.sum.cookies_open, 5);
	run_clock_add(1ULL << SW_EPOCH_SHIFT);
	fresh_totals(&t);
	assert_int_equal(t.sum.cookies_open, 5);
	run_clock_add(1ULL << SW_EPOCH_SHIFT);
	fresh_totals(&t);
	assert_int_equal(t.sum.cookies_open, 0);
	assert_int_equal(t.sum.syn_challenged, 10);
}

static void forgotten_cookies_do_not_go_below_zero(void **state)
{
	struct sw_totals t;
	struct run_shake s;
	struct frame_spec syn = syn_to(80, 1);

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	fresh_totals(&t);
	run_shake(&syn, &s);
	fresh_totals(&t);
	run_wants(&s.ack, SW_ACK_VALID);
	run_clock_add(RUN_SECOND_NS); /* the same cookie again */
	run_wants(&s.ack, SW_ACK_VALID);
	fresh_totals(&t);
	assert_int_equal(t.sum.cookies_valid, 2);
	assert_int_equal(t.sum.cookies_open, 0);
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	table_case(&t, "each listening port gets a row, a closed one none",
		   rows_for_listeners, NULL);
	table_case(&t, "ports beyond the table share a row", rows_run_out,
		   NULL);
	start_timer();
	table_case(&t, "the totals are the sums of the reasons",
		   sums_are_the_reasons, NULL);
	table_case(&t, "what observe would do has its own column",
		   would_columns, NULL);
	table_case(&t, "rates are of the timer's interval",
		   rates_are_of_the_interval, NULL);
	table_case(&t, "open cookies expire after two epochs",
		   open_cookies_expire, NULL);
	table_case(&t, "open cookies never go below zero",
		   forgotten_cookies_do_not_go_below_zero, NULL);
	failed = table_run(&t, "totals");
	run_close();
	return failed;
}
