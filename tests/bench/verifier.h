/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verifier.h - what the verifier says of a program that it took
 *
 * Knows: the lines of log level 4 (print_verification_stats() in the kernel's
 * kernel/bpf/verifier.c), and how its stack depths, one for each function,
 * add up along calls (check_max_stack_depth() there).
 * Does not know: how to get them.
 */
#ifndef BENCH_VERIFIER_H
#define BENCH_VERIFIER_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERIFIER_FUNCTIONS_MAX 64
#define VERIFIER_STACK_STEP 16 /* with the JIT; 32 without */
#define VERIFIER_LOOP_STACK 24 /* optimize_bpf_loop() */

struct verifier_said {
	unsigned long verified, limit, states, peak;
	unsigned long depth[VERIFIER_FUNCTIONS_MAX]; /* bytes, by function */
	int functions;
};

/* Behind @start, where a line starts with it; or NULL. */
static inline const char *verifier_line(const char *log, const char *start)
{
	while (log && strncmp(log, start, strlen(start))) {
		log = strchr(log, '\n');
		log = log ? log + 1 : NULL;
	}
	return log ? log + strlen(start) : NULL;
}

/* "104+0+208" */
static inline bool verifier_depths(const char *text, struct verifier_said *said)
{
	char *end;

	for (said->functions = 0;; text = end + 1) {
		if (*text < '0' || *text > '9' ||
		    said->functions == VERIFIER_FUNCTIONS_MAX)
			return false;
		said->depth[said->functions++] = strtoul(text, &end, 10);
		if (*end != '+')
			return *end == '\n' || *end == '\0';
	}
}

/* False if the log is not in the words that are known here. */
static inline bool verifier_read(const char *log, struct verifier_said *said)
{
	const char *depths = verifier_line(log, "stack depth ");
	const char *processed = verifier_line(log, "processed ");

	return depths && processed && verifier_depths(depths, said) &&
	       sscanf(processed,
		      "%lu insns (limit %lu) max_states_per_insn %*u "
		      "total_states %lu peak_states %lu",
		      &said->verified, &said->limit, &said->states,
		      &said->peak) == 4;
}

/* ---- the deepest chain of calls ---------------------------------------- */

struct verifier_calls {
	long start[VERIFIER_FUNCTIONS_MAX]; /* rising */
	int functions;
	bool calls[VERIFIER_FUNCTIONS_MAX][VERIFIER_FUNCTIONS_MAX];
	bool takes[VERIFIER_FUNCTIONS_MAX][VERIFIER_FUNCTIONS_MAX];
};

static inline bool verifier_is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) &&
	       insn->src_reg == BPF_PSEUDO_CALL;
}

/* Where an instruction calls, or whose address it takes, for a callback; or
 * -1. As the kernel dumps a program that it has JITed (jit_subprogs()). */
static inline long verifier_target(const struct bpf_insn *insns, long at)
{
	const struct bpf_insn *insn = &insns[at];

	if (verifier_is_call(insn))
		return at + 1 + insn->off;
	if (insn->code == (BPF_LD | BPF_IMM | BPF_DW) &&
	    insn->src_reg == BPF_PSEUDO_FUNC)
		return at + 1 + insn->imm;
	return -1;
}

/* The function in which an instruction is. */
static inline int verifier_function(const struct verifier_calls *c, long at)
{
	int i = c->functions - 1;

	while (i > 0 && c->start[i] > at)
		i--;
	return i;
}

static inline bool verifier_add_function(struct verifier_calls *c, long start)
{
	int i = c->functions;

	if (c->start[verifier_function(c, start)] == start)
		return true;
	if (c->functions == VERIFIER_FUNCTIONS_MAX)
		return false;
	for (; c->start[i - 1] > start; i--)
		c->start[i] = c->start[i - 1];
	c->start[i] = start;
	c->functions++;
	return true;
}

static inline bool verifier_find_functions(const struct bpf_insn *insns,
					   long count, struct verifier_calls *c)
{
	long to;

	*c = (struct verifier_calls){ .functions = 1 }; /* it starts at 0 */
	for (long at = 0; at < count; at++) {
		to = verifier_target(insns, at);
		if (to >= count || (to >= 0 && !verifier_add_function(c, to)))
			return false;
	}
	return true;
}

static inline void verifier_find_calls(const struct bpf_insn *insns, long count,
				       struct verifier_calls *c)
{
	int from, callee;
	long to;

	for (long at = 0; at < count; at++) {
		to = verifier_target(insns, at);
		if (to < 0)
			continue;
		from = verifier_function(c, at);
		callee = verifier_function(c, to);
		if (verifier_is_call(&insns[at]))
			c->calls[from][callee] = true;
		else
			c->takes[from][callee] = true;
	}
}

/* What one call needs. Where the kernel has replaced bpf_loop() by a loop, the
 * callback whose address is taken is also called, and the loop's registers
 * have come to the stack after it was checked against the limit. */
static inline unsigned long verifier_frame(const struct verifier_calls *c,
					   const struct verifier_said *said,
					   int function)
{
	unsigned long depth = said->depth[function];
	bool loops = false;

	for (int i = 0; i < c->functions; i++)
		loops |= c->calls[function][i] && c->takes[function][i];
	if (loops && depth >= VERIFIER_LOOP_STACK)
		depth -= VERIFIER_LOOP_STACK;
	depth = (depth ?: 1) + VERIFIER_STACK_STEP - 1;
	return depth - depth % VERIFIER_STACK_STEP;
}

/* A timer's callback names itself to be called again, later: @path has who is
 * being called, a bit for each. That it counts as a call makes this no less
 * than the kernel's own sum. */
static inline unsigned long verifier_deepest(const struct verifier_calls *c,
					     const struct verifier_said *said,
					     int function, __u64 path)
{
	unsigned long most = 0, below;

	path |= 1ULL << function;
	for (int i = 0; i < c->functions; i++) {
		if (path >> i & 1 ||
		    !(c->calls[function][i] || c->takes[function][i]))
			continue;
		below = verifier_deepest(c, said, i, path);
		most = below > most ? below : most;
	}
	return verifier_frame(c, said, function) + most;
}

/* Bytes; false if the program has other functions than the verifier said. */
static inline bool verifier_stack(const struct bpf_insn *insns, long count,
				  const struct verifier_said *said,
				  unsigned long *ret)
{
	struct verifier_calls c;

	if (!verifier_find_functions(insns, count, &c) ||
	    c.functions != said->functions)
		return false;
	verifier_find_calls(insns, count, &c);
	*ret = verifier_deepest(&c, said, 0, 0);
	return true;
}

#endif
