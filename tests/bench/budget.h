/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * budget.h - what the programs may cost the verifier, and what they do
 *
 * Knows: the figures, what made them, when one has grown too much, and which
 * can be compared at all.
 * Does not know: BPF (budget.c measures), or the file (budgetfile.h).
 *
 * A header for the unit test's sake: every .c file here becomes a program.
 */
#ifndef BENCH_BUDGET_H
#define BENCH_BUDGET_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BUDGET_PROGRAMS_MAX 16
#define BUDGET_GROWTH_MAX 10 /* percent */
#define BUDGET_WORD 64

enum budget_figure { SIZE, VERIFIED, STATES, PEAK, STACK, XLATED, JITED };
#define BUDGET_FIGURES (JITED + 1)

/* clang has a say in all of them, the kernel in all but the first. */
static const struct {
	const char *name, *meaning;
} budget_columns[BUDGET_FIGURES] = {
	[SIZE] = { "size", "instructions, as compiled" },
	[VERIFIED] = { "verified", "instructions that the verifier walked" },
	[STATES] = { "states", "states that it kept, all in all" },
	[PEAK] = { "peak", "states that it kept at the same time" },
	[STACK] = { "stack", "bytes, the deepest chain of calls (limit 512)" },
	[XLATED] = { "xlated", "instructions, as the kernel rewrote them" },
	[JITED] = { "jited", "bytes of machine code" },
};

struct budget_program {
	char name[BUDGET_WORD];
	unsigned long figure[BUDGET_FIGURES];
};

/* What the figures depend on. */
enum budget_maker { KERNEL, CLANG, LIBBPF };
#define BUDGET_MAKERS (LIBBPF + 1)

static const char *const budget_makers[BUDGET_MAKERS] = {
	[KERNEL] = "kernel", [CLANG] = "clang", [LIBBPF] = "libbpf"
};

struct budget {
	char made[BUDGET_MAKERS][BUDGET_WORD];
	struct budget_program program[BUDGET_PROGRAMS_MAX];
	int programs;
};

static inline struct budget_program *budget_find(struct budget *b,
						 const char *name)
{
	for (int i = 0; i < b->programs; i++)
		if (!strcmp(b->program[i].name, name))
			return &b->program[i];
	return NULL;
}

/* ---- the makers -------------------------------------------------------- */

/* "6.18.44-1", "x86_64" are "6.18 x86_64": what is fixed within a release
 * moves no figure by 10 %. */
static inline bool budget_kernel(const char *release, const char *machine,
				 char ret[BUDGET_WORD])
{
	unsigned int major, minor;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return false;
	snprintf(ret, BUDGET_WORD, "%u.%u %.32s", major, minor, machine);
	return true;
}

/* Of an object with debug information, which names its compiler. */
static inline bool budget_clang(const void *object, size_t size,
				char ret[BUDGET_WORD])
{
	static const char says[] = "clang version ";
	const char *at = memmem(object, size, says, strlen(says));
	const char *end = (const char *)object + size;
	size_t len = 0;

	if (!at)
		return false;
	at += strlen(says);
	while (at + len < end && len < BUDGET_WORD - 1 && at[len] > ' ')
		len++;
	memcpy(ret, at, len);
	ret[len] = '\0';
	return len;
}

/* ---- the comparison ---------------------------------------------------- */

static inline bool budget_same(const struct budget *a, const struct budget *b,
			       enum budget_maker maker)
{
	return !strcmp(a->made[maker], b->made[maker]);
}

/* Returns how many figures, from the first, can be compared; tells of others.
 * Another clang makes other instructions, so there all of them are others. */
static inline int budget_comparable(FILE *out, const struct budget *kept,
				    const struct budget *found)
{
	for (int i = 0; i < BUDGET_MAKERS; i++)
		if (!budget_same(kept, found, i))
			fprintf(out,
				"budget: the file was made with %s %s, here is "
				"%s\n",
				budget_makers[i], kept->made[i],
				found->made[i]);
	if (!budget_same(kept, found, CLANG)) {
		fprintf(out, "budget: NOT compared: anything; another clang "
			     "makes other programs\n");
		return 0;
	}
	if (budget_same(kept, found, KERNEL))
		return BUDGET_FIGURES;
	fprintf(out, "budget: NOT compared:");
	for (int i = SIZE + 1; i < BUDGET_FIGURES; i++)
		fprintf(out, " %s", budget_columns[i].name);
	fprintf(out, "; they are the kernel's\n");
	return SIZE + 1;
}

/* Returns whether it grew too much. */
static inline bool budget_judge(FILE *out, const char *program,
				const char *figure, unsigned long kept,
				unsigned long found)
{
	bool more = found * 100 > kept * (100 + BUDGET_GROWTH_MAX);
	bool less = found * 100 < kept * (100 - BUDGET_GROWTH_MAX);
	double by = more ? (double)found - kept : (double)kept - found;

	if (!more && !less)
		return false;
	fprintf(out, "budget: %s: %s: budget %lu, measured %lu, ", program,
		figure, kept, found);
	if (kept)
		fprintf(out, "%.1f %% ", by * 100 / kept);
	fprintf(out, more ? "MORE\n" : "less: renew, so that it stays\n");
	return more;
}

/* Returns how many figures grew too much. @found has each program of @kept. */
static inline int budget_compare(FILE *out, const struct budget *kept,
				 struct budget *found)
{
	int figures = budget_comparable(out, kept, found), grown = 0;

	for (int i = 0; i < kept->programs; i++) {
		const struct budget_program *k = &kept->program[i];
		const struct budget_program *f = budget_find(found, k->name);

		for (int j = 0; j < figures; j++)
			grown += budget_judge(out, k->name,
					      budget_columns[j].name,
					      k->figure[j], f->figure[j]);
	}
	return grown;
}

#endif
