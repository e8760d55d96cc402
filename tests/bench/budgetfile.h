/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * budgetfile.h - the file that keeps the figures
 *
 * Knows: how it is written and read, and whether it speaks of the programs
 * that there are.
 * Does not know: what the figures mean (budget.h).
 */
#ifndef BENCH_BUDGETFILE_H
#define BENCH_BUDGETFILE_H

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "budget.h"

#define BUDGETFILE_TOOL "build/tests/bench/budget"

static inline void budgetfile_print_table(FILE *out, const struct budget *b)
{
	for (int i = 0; i < BUDGET_MAKERS; i++)
		fprintf(out, "%-8s%s\n", budget_makers[i], b->made[i]);
	fprintf(out, "\n# program     ");
	for (int i = 0; i < BUDGET_FIGURES; i++)
		fprintf(out, " %8s", budget_columns[i].name);
	for (int i = 0; i < b->programs; i++) {
		fprintf(out, "\n%-14s", b->program[i].name);
		for (int j = 0; j < BUDGET_FIGURES; j++)
			fprintf(out, " %8lu", b->program[i].figure[j]);
	}
	fputc('\n', out);
}

static inline void budgetfile_print(FILE *out, const struct budget *b)
{
	fprintf(out,
		"# What synward's BPF programs cost. `make budget` fails where "
		"a figure is more\n# than %d %% above this; where more is due: "
		"sudo %s --write FILE\n#\n",
		BUDGET_GROWTH_MAX, BUDGETFILE_TOOL);
	for (int i = 0; i < BUDGET_FIGURES; i++)
		fprintf(out, "#   %-9s %s\n", budget_columns[i].name,
			budget_columns[i].meaning);
	fputc('\n', out);
	budgetfile_print_table(out, b);
}

/* Where a line was read, and what was wrong with it. */
struct budgetfile {
	const char *name;
	int line;
	char fault[256];
};

__attribute__((format(printf, 2, 3))) static inline bool
budgetfile_fault(struct budgetfile *src, const char *format, ...)
{
	va_list args;
	int used = 0;

	if (src->line)
		used = snprintf(src->fault, sizeof(src->fault),
				"%s:%d: ", src->name, src->line);
	else
		used = snprintf(src->fault, sizeof(src->fault),
				"%s: ", src->name);
	va_start(args, format);
	if (used < (int)sizeof(src->fault))
		vsnprintf(src->fault + used, sizeof(src->fault) - used, format,
			  args);
	va_end(args);
	return false;
}

static inline bool budgetfile_number(const char *word, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(word, &end, 10);
	return !errno && *word >= '0' && *word <= '9' && !*end;
}

/* "sw_xdp 5372 ...": @rest is what stands behind the name. */
static inline bool budgetfile_row(struct budgetfile *src, const char *name,
				  char *rest, struct budget *b)
{
	struct budget_program *p = &b->program[b->programs];
	char *word;

	if (budget_find(b, name))
		return budgetfile_fault(src, "\"%s\": is there twice", name);
	if (b->programs == BUDGET_PROGRAMS_MAX || strlen(name) >= BUDGET_WORD)
		return budgetfile_fault(src,
					"\"%s\": expected at most %d programs",
					name, BUDGET_PROGRAMS_MAX);
	strcpy(p->name, name);
	for (int i = 0; i < BUDGET_FIGURES; i++) {
		word = strtok_r(NULL, " \t\n", &rest) ?: "";
		if (!budgetfile_number(word, &p->figure[i]))
			return budgetfile_fault(src,
						"%s \"%s\": expected a number",
						budget_columns[i].name, word);
	}
	word = strtok_r(NULL, " \t\n", &rest);
	if (word)
		return budgetfile_fault(src, "\"%s\": expected %d figures",
					word, BUDGET_FIGURES);
	b->programs++;
	return true;
}

static inline bool budgetfile_line(struct budgetfile *src, char *line,
				   struct budget *b)
{
	char *rest, *word = strtok_r(line, " \t\n", &rest);

	if (!word || *word == '#')
		return true;
	for (int i = 0; i < BUDGET_MAKERS; i++) {
		if (strcmp(word, budget_makers[i]))
			continue;
		rest += strspn(rest, " \t");
		rest[strcspn(rest, "\n")] = '\0';
		if (!*rest || strlen(rest) >= BUDGET_WORD || *b->made[i])
			return budgetfile_fault(src,
						"%s \"%s\": expected one "
						"version, once",
						word, rest);
		strcpy(b->made[i], rest);
		return true;
	}
	return budgetfile_row(src, word, rest, b);
}

static inline bool budgetfile_read(struct budgetfile *src, FILE *in,
				   struct budget *b)
{
	char line[512];

	*b = (struct budget){};
	for (src->line = 1; fgets(line, sizeof(line), in); src->line++) {
		if (!strchr(line, '\n') && !feof(in))
			return budgetfile_fault(src, "expected a shorter line");
		if (!budgetfile_line(src, line, b))
			return false;
	}
	src->line = 0;
	for (int i = 0; i < BUDGET_MAKERS; i++)
		if (!*b->made[i])
			return budgetfile_fault(src,
						"expected a line \"%s "
						"VERSION\"",
						budget_makers[i]);
	return true;
}

/* Both must speak of the same programs. */
static inline bool budgetfile_fits(struct budgetfile *src, struct budget *kept,
				   struct budget *found)
{
	for (int i = 0; i < kept->programs; i++)
		if (!budget_find(found, kept->program[i].name))
			return budgetfile_fault(src,
						"\"%s\": there is no such "
						"program any more",
						kept->program[i].name);
	for (int i = 0; i < found->programs; i++)
		if (!budget_find(kept, found->program[i].name))
			return budgetfile_fault(src,
						"expected a line for the "
						"program \"%s\"",
						found->program[i].name);
	return true;
}

#endif
