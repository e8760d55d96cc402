// SPDX-License-Identifier: GPL-2.0-or-later
/* bpf/gate.h: when a listener's SYNs are challenged, queue by queue and second
 * by second. */
#include "unit.h"

#include "gate.h"

#define SECOND 1000000000ULL
#define TICK 4000000ULL /* of a coarse clock */
#define START (1000 * SECOND)

static struct gate_queue queue(unsigned backlog, unsigned half_open)
{
	return (struct gate_queue){ .half_open = half_open,
				    .backlog = backlog,
				    .start_percent = 25,
				    .end_percent = 12 };
}

/* ---- bounds ---- */

struct bound {
	const char *name;
	unsigned backlog, start, end; /* at 25% and 12% */
};

static const struct bound bounds[] = {
	{ "listen(0): a backlog of 0 begins and ends at 1", 0, 1, 1 },
	{ "a backlog of 1 begins and ends at 1", 1, 1, 1 },
	{ "a backlog of 5 begins and ends at 1", 5, 1, 1 },
	{ "a backlog of 16 begins at 4 and ends at 1", 16, 4, 1 },
	{ "a backlog of 128 begins at 32 and ends at 15", 128, 32, 15 },
	{ "a backlog of 4096 begins at 1024 and ends at 491", 4096, 1024, 491 },
	{ "a backlog of 2^32 - 1 does not overflow", ~0U, 1073741823,
	  515396075 },
};

static void is_bound(void **state)
{
	const struct bound *b = *state;
	struct gate_queue q = queue(b->backlog, b->start - 1);
	struct sw_gate gate = {};

	assert_int_equal(gate_bound(b->backlog, 25), b->start);
	assert_int_equal(gate_bound(b->backlog, 12), b->end);

	/* below start it is open, */
	assert_false(gate_challenges(&gate, &q, START));
	/* at start it closes, */
	q.half_open = b->start;
	assert_true(gate_challenges(&gate, &q, START + TICK));
	/* at end it is still closed, however long that lasts, */
	q.half_open = b->end;
	assert_true(gate_challenges(&gate, &q, START + 100 * SECOND));
	/* and below end it opens, 5 s after it was last at end. */
	q.half_open = b->end - 1;
	assert_true(gate_challenges(&gate, &q, START + 105 * SECOND - 1));
	assert_false(gate_challenges(&gate, &q, START + 105 * SECOND));
	/* Between end and start an open gate stays open. */
	q.half_open = b->start - 1;
	assert_false(gate_challenges(&gate, &q, START + 106 * SECOND));
}

/* ---- credit ---- */

static void counts_what_was_let_in(void **state)
{
	struct gate_queue q = queue(16, 0);
	struct sw_gate gate = {};
	int let_in = 0;

	(void)state;
	for (int i = 0; i < 64; i++)
		let_in += !gate_challenges(&gate, &q, START);
	assert_int_equal(let_in, 4);
}

static void counts_what_is_half_open(void **state)
{
	struct gate_queue q = queue(16, 3);
	struct sw_gate gate = {};

	(void)state;
	assert_false(gate_challenges(&gate, &q, START));
	assert_true(gate_challenges(&gate, &q, START));
}

/* The queue has grown by what was let in: that is not counted twice. */
static void counts_nothing_twice(void **state)
{
	struct gate_queue q = queue(16, 0);
	struct sw_gate gate = {};

	(void)state;
	assert_false(gate_challenges(&gate, &q, START));
	assert_false(gate_challenges(&gate, &q, START));
	q.half_open = 2;
	assert_false(gate_challenges(&gate, &q, START));
	assert_false(gate_challenges(&gate, &q, START));
	assert_true(gate_challenges(&gate, &q, START));
}

static void forgets_credit_at_the_tick(void **state)
{
	struct gate_queue q = queue(16, 0);
	struct sw_gate gate = {};

	(void)state;
	for (int tick = 0; tick < 100; tick++)
		for (int i = 0; i < 3; i++)
			assert_false(gate_challenges(&gate, &q,
						     START + tick * TICK));
}

/* One SYN a tick past start may slip in for each tick that the kernel's count
 * is late; a burst that spans a tick's end lets in no more than start again. */
static void a_burst_across_a_tick(void **state)
{
	struct gate_queue q = queue(16, 0);
	struct sw_gate gate = {};
	int let_in = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		let_in += !gate_challenges(&gate, &q, START);
	for (int i = 0; i < 61; i++)
		let_in += !gate_challenges(&gate, &q, START + TICK);
	assert_int_equal(let_in, 3 + 4);
}

/* ---- hold ---- */

static void clients_do_not_hold_it(void **state)
{
	struct gate_queue q = queue(16, 4);
	struct sw_gate gate = {};
	__u64 now_ns = START;

	(void)state;
	assert_true(gate_challenges(&gate, &q, now_ns));
	q.half_open = 0;
	/* a SYN every 100 ms, all of them challenged meanwhile */
	for (int i = 1; i < 50; i++)
		assert_true(
			gate_challenges(&gate, &q, now_ns + i * SECOND / 10));
	assert_false(gate_challenges(&gate, &q, now_ns + 5 * SECOND));
}

static void a_second_wave_holds_it(void **state)
{
	struct gate_queue q = queue(16, 4);
	struct sw_gate gate = {};

	(void)state;
	assert_true(gate_challenges(&gate, &q, START));
	q.half_open = 0;
	assert_true(gate_challenges(&gate, &q, START + 4 * SECOND));
	q.half_open = 1; /* at end */
	assert_true(gate_challenges(&gate, &q, START + 4 * SECOND + 1));
	q.half_open = 0;
	assert_true(gate_challenges(&gate, &q, START + 9 * SECOND));
	assert_false(gate_challenges(&gate, &q, START + 9 * SECOND + 1));
}

/* Another CPU has read the clock a tick later than this one. */
static void clocks_may_differ(void **state)
{
	struct gate_queue q = queue(16, 4);
	struct sw_gate gate = {};

	(void)state;
	assert_true(gate_challenges(&gate, &q, START + TICK));
	q.half_open = 0;
	assert_true(gate_challenges(&gate, &q, START));
	gate = (struct sw_gate){};
	for (int i = 0; i < 3; i++)
		assert_false(gate_challenges(&gate, &q, START + TICK));
	assert_false(gate_challenges(&gate, &q, START));
	assert_true(gate_challenges(&gate, &q, START)); /* credit counts on */
}

static void start_equals_end(void **state)
{
	struct gate_queue q = { .half_open = 8,
				.backlog = 16,
				.start_percent = 50,
				.end_percent = 50 };
	struct sw_gate gate = {};

	(void)state;
	assert_true(gate_challenges(&gate, &q, START));
	q.half_open = 7;
	assert_true(gate_challenges(&gate, &q, START + 5 * SECOND - 1));
	assert_false(gate_challenges(&gate, &q, START + 5 * SECOND));
}

/* A second listen() with a smaller or larger backlog: the next SYN sees it. */
static void the_backlog_may_change(void **state)
{
	struct gate_queue q = queue(128, 8);
	struct sw_gate gate = {};

	(void)state;
	assert_false(gate_challenges(&gate, &q, START));
	q.backlog = 16;
	assert_true(gate_challenges(&gate, &q, START + TICK));
	q.backlog = 4096;
	assert_true(gate_challenges(&gate, &q, START + 2 * TICK));
	assert_false(gate_challenges(&gate, &q, START + 6 * SECOND));
}

int main(void)
{
	static struct table t;

	table_rows(&t, bounds, is_bound);
	table_case(&t, "a burst of 64 in one tick lets in start, and no more",
		   counts_what_was_let_in, NULL);
	table_case(&t, "what was let in counts on top of what is half-open",
		   counts_what_is_half_open, NULL);
	table_case(&t, "what was let in and is half-open counts once",
		   counts_nothing_twice, NULL);
	table_case(&t, "the credit ends with its tick",
		   forgets_credit_at_the_tick, NULL);
	table_case(&t, "a burst across a tick lets in at most start once more",
		   a_burst_across_a_tick, NULL);
	table_case(&t, "clients that are challenged do not hold the gate",
		   clients_do_not_hold_it, NULL);
	table_case(&t, "a queue that fills again holds the gate",
		   a_second_wave_holds_it, NULL);
	table_case(&t, "another CPU's clock may be a tick ahead",
		   clocks_may_differ, NULL);
	table_case(&t, "start equal to end: challenged until below start",
		   start_equals_end, NULL);
	table_case(&t, "a second listen() counts from the next SYN on",
		   the_backlog_may_change, NULL);
	return table_run(&t, "gate");
}
