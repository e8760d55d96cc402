/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See run.h; the kernel's side of it is in run_stage.c. */
#include "run.h"

#include "consumed.h"
#include "cookie.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <sched.h>
#include <time.h>

#define BEGIN_NS (10 * RUN_SECOND_NS)
#define RESET_STEP_NS (1 << 25) /* so that each test has ticks of its own */

struct synward *run_skel;
struct sw_config run_config;
struct sw_keyring run_keys;

static unsigned int resets;
static __u64 stopped_at; /* run_clock_stop(); 0: the clock goes */
static bool hit[SW_REASONS];

/* ---- programs ---- */

static void open_programs(void)
{
	run_skel = synward__open();
	if (!run_skel)
		err(1, "open the programs");
	run_skel->rodata->load.magic = RUN_MAGIC;
	run_skel->rodata->load.cpus = libbpf_num_possible_cpus();
	bpf_program__set_autoload(run_skel->progs.sw_xdp_generic, false);
	if (synward__load(run_skel))
		err(1, "load the programs");
}

/* Per-CPU maps remember between packets: stay on one. */
static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

void run_open(void)
{
	stay_on_this_cpu();
	run_stage_open();
	open_programs();
}

void run_close(void)
{
	synward__destroy(run_skel);
	run_stage_close();
}

/* ---- time ---- */

static __u64 coarse_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * RUN_SECOND_NS + t.tv_nsec;
}

__u64 run_now(void)
{
	return coarse_ns() + run_config.clock_offset_ns;
}

void run_clock(__u32 epoch, __u64 into_ns)
{
	run_config.clock_offset_ns =
		((__u64)epoch << SW_EPOCH_SHIFT) + into_ns - coarse_ns();
	run_configure();
}

void run_clock_add(__s64 ns)
{
	run_config.clock_offset_ns += ns;
	run_configure();
}

static bool moved_on(void *from)
{
	return coarse_ns() != *(__u64 *)from;
}

__u64 run_tick(void)
{
	__u64 from = coarse_ns();

	assert_true(run_until(moved_on, &from));
	return coarse_ns();
}

/* ---- maps ---- */

static void store(const struct bpf_map *map, __u32 key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), &key, value, 0),
			 0);
}

static void fetch(const struct bpf_map *map, __u32 key, void *value)
{
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(map), &key, value), 0);
}

/* Zeroes the first n entries; a per-CPU map's on every CPU. */
static void clear(const struct bpf_map *map, __u32 n)
{
	size_t size = (bpf_map__value_size(map) + 7) / 8 * 8;
	void *zero = calloc(libbpf_num_possible_cpus(), size);

	for (__u32 i = 0; i < n; i++)
		store(map, i, zero);
	free(zero);
}

static void clear_services(void)
{
	int fd = bpf_map__fd(run_skel->maps.sw_services);
	__u32 port;

	while (!bpf_map_get_next_key(fd, NULL, &port))
		assert_int_equal(bpf_map_delete_elem(fd, &port), 0);
}

static void clear_gates(void)
{
	int fd = bpf_map__fd(run_skel->maps.sw_gates);
	__u64 listener;

	while (!bpf_map_get_next_key(fd, NULL, &listener))
		assert_int_equal(bpf_map_delete_elem(fd, &listener), 0);
}

/* At a tick's beginning, so that it lasts until the packet has been seen. */
static void clock_stand_still(void)
{
	run_tick();
	run_config.clock_offset_ns = stopped_at - coarse_ns();
	store(run_skel->maps.sw_config, 0, &run_config);
}

void run_clock_stop(void)
{
	stopped_at = run_now();
}

void run_clock_go(void)
{
	stopped_at = 0;
	run_moment_ends();
}

/* What packets found out in this tick no longer holds. */
void run_moment_ends(void)
{
	run_config.clock_offset_ns++;
	store(run_skel->maps.sw_config, 0, &run_config);
}

void run_configure(void)
{
	run_config.clock_offset_ns++;
	store(run_skel->maps.sw_config, 0, &run_config);
	store(run_skel->maps.sw_keys, 0, &run_keys);
}

void run_mode(enum sw_mode mode)
{
	run_config.mode = mode;
	run_configure();
}

void run_iface(const struct sw_iface *iface)
{
	store(run_skel->maps.sw_iface, 0, iface);
}

void run_drain(void)
{
	run_iface(&(struct sw_iface){ .draining = 1 });
}

void run_port(__u16 port, struct sw_port *ret_port)
{
	fetch(run_skel->maps.sw_ports, port, ret_port);
}

void run_totals(struct sw_totals *ret_totals)
{
	fetch(run_skel->maps.sw_totals, 0, ret_totals);
}

/* ---- books ---- */

#define NAME(NAME, ...) #NAME,
#define NAME_WOULD(NAME, ...) "WOULD_" #NAME,
static const char *const names[] = { "GO_ON",
				     SW_REASON_TABLE(NAME, NAME_WOULD) };

#define ACT(NAME, name, act, ...) SW_ACT_##act,
#define ACT_WOULD(...) SW_ACT_PASS,
static const enum sw_act acts[] = { SW_ACT_PASS,
				    SW_REASON_TABLE(ACT, ACT_WOULD) };

const char *run_reason_name(enum sw_reason reason)
{
	return reason < SW_REASONS ? names[reason] : "no reason";
}

struct books {
	__u64 count[SW_SERVICES_MAX][SW_REASONS];
};

static void books_row(__u32 service, __u64 *ret_count)
{
	int cpus = libbpf_num_possible_cpus();
	struct sw_reasons *row = calloc(cpus, sizeof(*row));

	fetch(run_skel->maps.sw_reasons, service, row);
	for (int cpu = 0; cpu < cpus; cpu++)
		for (int r = 0; r < SW_REASONS; r++)
			ret_count[r] += ((__u64 *)&row[cpu])[r];
	free(row);
}

static void books_read(struct books *b)
{
	memset(b, 0, sizeof(*b));
	for (__u32 s = 0; s < SW_SERVICES_MAX; s++)
		books_row(s, b->count[s]);
}

__u64 run_count_of(__u32 service, enum sw_reason reason)
{
	__u64 count[SW_REASONS] = {};

	books_row(service, count);
	return count[reason];
}

__u64 run_count(enum sw_reason reason)
{
	__u64 count[SW_REASONS] = {};

	for (__u32 s = 0; s < SW_SERVICES_MAX; s++)
		books_row(s, count);
	return count[reason];
}

bool run_was_hit(enum sw_reason reason)
{
	return hit[reason];
}

/* One packet, one reason. */
static void books_compare(const struct books *before, const struct books *after,
			  struct run *run)
{
	unsigned int moved = 0;

	for (__u32 s = 0; s < SW_SERVICES_MAX; s++) {
		for (int r = 0; r < SW_REASONS; r++) {
			__u64 by = after->count[s][r] - before->count[s][r];

			if (!by)
				continue;
			if (by != 1 || moved++)
				fail_msg("counted again: %s by %llu", names[r],
					 by);
			run->reason = r;
			run->service = s;
		}
	}
	if (!moved || !run->reason)
		fail_msg("left without a reason");
	hit[run->reason] = true;
}

static void fate_untouched(const struct frame *in, const struct run *run)
{
	assert_int_equal(run->action, XDP_PASS);
	assert_int_equal(run->out.len, in->len);
	assert_memory_equal(run->out.data, in->data, in->len);
}

static void fate_check(const struct frame *in, const struct run *run)
{
	const struct run_mark *mark = (const void *)run->meta;

	switch (acts[run->reason]) {
	case SW_ACT_PASS:
		fate_untouched(in, run);
		assert_int_equal(run->meta_len, 0);
		break;
	case SW_ACT_MARK:
		fate_untouched(in, run);
		assert_int_equal(run->meta_len, sizeof(*mark));
		assert_int_equal(mark->magic, RUN_MAGIC);
		assert_int_equal(mark->service, run->service);
		break;
	case SW_ACT_RESET:
		assert_int_equal(run->action, XDP_PASS);
		assert_int_equal(run->out.len, in->len);
		assert_int_equal(run->meta_len, 0);
		assert_true(frame_checksums_ok(run->out.data, run->out.len));
		break;
	case SW_ACT_ANSWER:
		assert_int_equal(run->action, XDP_TX);
		assert_int_equal(run->meta_len, 0);
		assert_true(frame_checksums_ok(run->out.data, run->out.len));
		break;
	default:
		assert_int_equal(run->action, XDP_DROP);
	}
}

/* ---- one packet ---- */

static void test_run(const struct frame *in, const void *meta,
		     unsigned int meta_len, struct run *run)
{
	unsigned char from[FRAME_MAX + RUN_META_MAX], to[sizeof(from)];
	struct xdp_md ctx = { .data = meta_len,
			      .data_end = meta_len + in->len,
			      .ingress_ifindex = run_ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = from,
		    .data_size_in = meta_len + in->len, .data_out = to,
		    .data_size_out = sizeof(to), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .ctx_out = &ctx,
		    .ctx_size_out = sizeof(ctx));

	if (meta_len)
		memcpy(from, meta, meta_len);
	memcpy(from + meta_len, in->data, in->len);
	if (stopped_at)
		clock_stand_still();
	assert_int_equal(
		bpf_prog_test_run_opts(bpf_program__fd(run_skel->progs.sw_xdp),
				       &opts),
		0);
	run->action = opts.retval;
	run->meta_len = ctx.data;
	run->out.len = opts.data_size_out - ctx.data;
	assert_in_range(run->meta_len, 0, RUN_META_MAX);
	memcpy(run->meta, to, run->meta_len);
	memcpy(run->out.data, to + run->meta_len, run->out.len);
}

void run_frame_meta(const struct frame *in, const void *meta,
		    unsigned int meta_len, struct run *ret_run)
{
	static struct books before, after;

	books_read(&before);
	test_run(in, meta, meta_len, ret_run);
	books_read(&after);
	books_compare(&before, &after, ret_run);
	fate_check(in, ret_run);
}

void run_frame(const struct frame *in, struct run *ret_run)
{
	run_frame_meta(in, NULL, 0, ret_run);
}

void run_spec(const struct frame_spec *spec, struct run *ret_run)
{
	struct frame f;

	frame_build(&f, spec);
	run_frame(&f, ret_run);
}

static void assert_reason(const struct run *run, enum sw_reason want)
{
	assert_string_equal(run_reason_name(run->reason),
			    run_reason_name(want));
}

void run_wants(const struct frame_spec *spec, enum sw_reason want)
{
	struct run run;

	run_spec(spec, &run);
	assert_reason(&run, want);
}

void run_answer(const struct frame_spec *syn, struct frame_reply *ret_reply)
{
	struct run run;

	run_spec(syn, &run);
	assert_reason(&run, SW_SYN_ANSWERED);
	assert_true(frame_read(run.out.data, run.out.len, ret_reply));
}

void run_shake_ack(const struct frame_spec *syn, struct run_shake *s)
{
	s->ack = *syn;
	s->ack.flags = FRAME_ACK;
	s->ack.seq = syn->seq + 1;
	s->ack.ack = s->synack.seq + 1;
	s->ack.payload = 0;
	s->ack.options = s->options;
	s->ack.options_len = s->synack.timestamps ? sizeof(s->options) : 0;
	frame_timestamps(s->options, FRAME_TSVAL + 1, s->synack.tsval);
}

void run_shake(const struct frame_spec *syn, struct run_shake *s)
{
	run_answer(syn, &s->synack);
	run_shake_ack(syn, s);
}

/* ---- cookies ---- */

static void parse(const struct frame_spec *spec, struct frame *f,
		  struct packet *p, struct tcpopt *opt)
{
	memset(p, 0, sizeof(*p));
	frame_build(f, spec);
	assert_int_equal(packet_parse(f->data, f->data + f->len, p), SW_GO_ON);
	assert_true(tcpopt_parse(p, f->data, f->data + f->len, opt));
}

__u32 run_cookie_ack(const struct frame_spec *ack)
{
	struct cookie_options o = { .mss = 1460, .wscale = TCPOPT_WSCALE_NONE };
	struct frame_spec syn = *ack;
	struct cookie cookie;
	struct tcpopt opt;
	struct packet p;
	struct frame f;

	syn.seq--;
	parse(&syn, &f, &p, &opt);
	cookie_make(&run_keys, &p, run_now(), &o, &cookie);
	return cookie.isn + 1;
}

bool run_cookie_check(const struct frame_spec *ack, struct cookie_options *o)
{
	struct tcpopt opt;
	struct packet p;
	struct frame f;

	parse(ack, &f, &p, &opt);
	return cookie_check(&run_keys, &p, &opt, run_now(), o);
}

static __u64 cookie_of(const struct frame_spec *ack)
{
	struct cookie_options o;

	assert_true(run_cookie_check(ack, &o));
	return consumed_cookie(o.unseen, ack->ack - 1);
}

void run_consume(const struct frame_spec *ack)
{
	__u64 cookie = cookie_of(ack);
	__u32 key = consumed_bucket(cookie);
	struct sw_consumed_bucket bucket;

	fetch(run_skel->maps.sw_consumed, key, &bucket);
	consumed_remember(&bucket, cookie, run_now());
	store(run_skel->maps.sw_consumed, key, &bucket);
}

bool run_consumed(const struct frame_spec *ack)
{
	__u64 cookie = cookie_of(ack);
	struct sw_consumed_bucket bucket;

	fetch(run_skel->maps.sw_consumed, consumed_bucket(cookie), &bucket);
	return consumed_before(&bucket, cookie, run_now());
}

void run_crowd(const struct frame_spec *ack)
{
	__u32 key = consumed_bucket(cookie_of(ack));
	struct sw_consumed_bucket bucket;

	for (int i = 0; i < SW_CONSUMED_WAYS; i++)
		bucket.entry[i] = (struct sw_consumed){
			.cookie = i + 1,
			.made_ns = run_now(),
		};
	store(run_skel->maps.sw_consumed, key, &bucket);
}

/* ---- from the start ---- */

static void default_settings(void)
{
	run_config = (struct sw_config){
		.mode = SW_MODE_ALWAYS,
		.start_percent = 25,
		.end_percent = 12,
		.rmem_max = run_stage_rmem_max(),
	};
	run_keys = (struct sw_keyring){
		.key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } },
		.made_ns = { 1 },
		.generation = { 1 },
	};
	run_clock(RUN_EPOCH, BEGIN_NS + resets++ * RESET_STEP_NS);
}

void run_reset(void)
{
	stopped_at = 0;
	run_stage_reset();
	default_settings();
	clear(run_skel->maps.sw_ports, RUN_PORTS);
	clear(run_skel->maps.sw_reasons, SW_SERVICES_MAX);
	clear(run_skel->maps.sw_totals, 1);
	clear(run_skel->maps.sw_iface, 1);
	clear(run_skel->maps.sw_local, SW_LOCAL_SLOTS + 1);
	clear(run_skel->maps.sw_nat, 2);
	clear(run_skel->maps.sw_moments, SW_MOMENTS);
	clear(run_skel->maps.sw_known, SW_KNOWN);
	clear(run_skel->maps.sw_validated, SW_VALIDATED_SLOTS + 1);
	clear_gates();
	clear_services();
}
