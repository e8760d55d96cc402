// SPDX-License-Identifier: GPL-2.0-or-later
/* tests/bench/verifier.h: the verifier's words, and the deepest chain. */
#include "unit.h"

#include "../bench/verifier.h"

/* ---- the verifier's words ---- */

#define TIME "verification time 125048 usec\n"
#define DONE                                                             \
	"processed 104913 insns (limit 1000000) max_states_per_insn 25 " \
	"total_states 2876 peak_states 1010 mark_read 0\n"

static void log_is_read(void **state)
{
	struct verifier_said s;

	(void)state;
	assert_true(verifier_read(TIME "stack depth 8+200+0+24\n" DONE, &s));
	assert_int_equal(s.verified, 104913);
	assert_int_equal(s.limit, 1000000);
	assert_int_equal(s.states, 2876);
	assert_int_equal(s.peak, 1010);
	assert_int_equal(s.functions, 4);
	assert_int_equal(s.depth[0], 8);
	assert_int_equal(s.depth[1], 200);
	assert_int_equal(s.depth[3], 24);
}

static const struct words {
	const char *name, *log;
} strange[] = {
	{ "an empty log is not understood", "" },
	{ "a log without stack depths is not understood", TIME DONE },
	{ "a log without counts is not understood", TIME "stack depth 8\n" },
	{ "words in mid-line are not taken for a line of their own",
	  "so: stack depth 8\nso: " DONE },
	{ "a depth that is no number is not understood",
	  "stack depth 8+x\n" DONE },
	{ "a depth that is missing is not understood",
	  "stack depth 8+\n" DONE },
	{ "counts that end early are not understood",
	  "stack depth 8\nprocessed 12 insns (limit 1000000)\n" },
	{ "other words between the counts are not understood",
	  "stack depth 8\nprocessed 12 instructions (limit 1000000) "
	  "max_states_per_insn 25 total_states 2876 peak_states 1010\n" },
};

static void is_not_understood(void **state)
{
	const struct words *w = *state;
	struct verifier_said s;

	assert_false(verifier_read(w->log, &s));
}

static void too_many_functions(void **state)
{
	char log[4 * VERIFIER_FUNCTIONS_MAX + sizeof(DONE)] = "stack depth 8";
	struct verifier_said s;

	(void)state;
	for (int i = 0; i < VERIFIER_FUNCTIONS_MAX; i++)
		strcat(log, "+8");
	strcat(log, "\n" DONE);
	assert_false(verifier_read(log, &s));
}

/* ---- the deepest chain ---- */

#define CALL(to)                                                        \
	{                                                               \
		.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, \
		.off = to                                               \
	}
#define TAKE(to)                                                               \
	{                                                                      \
		.code = BPF_LD | BPF_IMM | BPF_DW, .src_reg = BPF_PSEUDO_FUNC, \
		.imm = to                                                      \
	}
#define HELPER                                       \
	{                                            \
		.code = BPF_JMP | BPF_CALL, .imm = 1 \
	}
#define EXIT                               \
	{                                  \
		.code = BPF_JMP | BPF_EXIT \
	}

static const struct chain {
	const char *name;
	struct bpf_insn insns[8]; /* seen from the next one, as in BPF */
	int count, functions;
	unsigned long depth[4], stack; /* 0: refused */
} chains[] = {
	{ "one function's stack is rounded up to 16",
	  { HELPER, EXIT },
	  2,
	  1,
	  { 17 },
	  32 },
	{ "a function without stack counts as 16", { EXIT }, 1, 1, { 0 }, 16 },
	{ "a chain is the sum of its functions",
	  { CALL(1), EXIT, CALL(1), EXIT, EXIT },
	  5,
	  3,
	  { 16, 32, 64 },
	  112 },
	{ "of two callees the deeper one counts",
	  { CALL(2), CALL(2), EXIT, EXIT, EXIT },
	  5,
	  3,
	  { 16, 32, 64 },
	  80 },
	{ "a call backwards is a call",
	  { CALL(3), EXIT, EXIT, EXIT, CALL(-3), EXIT },
	  6,
	  3,
	  { 16, 32, 64 },
	  112 },
	{ "a callback counts as called",
	  { TAKE(2), HELPER, EXIT, EXIT },
	  4,
	  2,
	  { 16, 48 },
	  64 },
	{ "what the kernel added for a loop in place of bpf_loop is left out",
	  { TAKE(2), CALL(1), EXIT, EXIT },
	  4,
	  2,
	  { 40, 48 },
	  64 },
	{ "a timer's callback that sets itself again is counted once",
	  { TAKE(2), HELPER, EXIT, TAKE(-1), HELPER, EXIT },
	  6,
	  2,
	  { 16, 48 },
	  64 },
	{ "more functions than the verifier told of are refused",
	  { CALL(1), EXIT, EXIT },
	  3,
	  1,
	  { 16 },
	  0 },
	{ "fewer functions than the verifier told of are refused",
	  { EXIT },
	  1,
	  2,
	  { 16, 16 },
	  0 },
	{ "a call out of the program is refused",
	  { CALL(1), EXIT },
	  2,
	  2,
	  { 16, 16 },
	  0 },
};

static void chain_has_stack(void **state)
{
	const struct chain *c = *state;
	struct verifier_said said = { .functions = c->functions };
	unsigned long stack = 0;

	memcpy(said.depth, c->depth, sizeof(c->depth));
	assert_int_equal(verifier_stack(c->insns, c->count, &said, &stack),
			 c->stack != 0);
	assert_int_equal(stack, c->stack);
}

int main(void)
{
	static struct table t;

	table_case(&t, "the verifier's counts and depths are read", log_is_read,
		   NULL);
	table_rows(&t, strange, is_not_understood);
	table_case(&t, "more functions than there is room for are refused",
		   too_many_functions, NULL);
	table_rows(&t, chains, chain_has_stack);
	return table_run(&t, "verifier");
}
