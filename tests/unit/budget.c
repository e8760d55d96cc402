// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `make budget` makes of its file and of the figures:
 * tests/bench/budgetfile.h and budget.h.
 */
#include "unit.h"

#include "../bench/budgetfile.h"

/* ---- the file ---- */

#define HEAD "kernel  6.18 x86_64\nclang   14.0.6\nlibbpf  1.1\n"
#define ROW "sw_tc 2413 24990 1006 544 320 2527 11875\n"

static bool read_text(const char *text, struct budgetfile *file,
		      struct budget *b)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	bool good;

	assert_non_null(in);
	file->name = "b.txt";
	good = budgetfile_read(file, in, b);
	fclose(in);
	return good;
}

static void file_is_read(void **state)
{
	struct budgetfile file = {};
	struct budget b;

	(void)state;
	assert_true(read_text("# a comment\n\n" HEAD "\n  # one\n" ROW
			      "\tsw_xdp 1 2 3\t4 5 6 7",
			      &file, &b));
	assert_string_equal(b.made[KERNEL], "6.18 x86_64");
	assert_string_equal(b.made[CLANG], "14.0.6");
	assert_string_equal(b.made[LIBBPF], "1.1");
	assert_int_equal(b.programs, 2);
	assert_string_equal(b.program[0].name, "sw_tc");
	assert_int_equal(b.program[0].figure[SIZE], 2413);
	assert_int_equal(b.program[0].figure[JITED], 11875);
	assert_int_equal(b.program[1].figure[JITED], 7);
}

static void what_is_written_can_be_read(void **state)
{
	struct budget b = { .made = { "6.18 x86_64", "14.0.6", "1.1" },
			    .programs = 2 };
	struct budgetfile file = {};
	struct budget again;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	b.program[0] = (struct budget_program){ "sw_a", { 1, 2, 3, 4, 5, 6 } };
	b.program[1] = (struct budget_program){ "sw_b", { 4000000000 } };
	budgetfile_print(out, &b);
	fclose(out);
	assert_true(read_text(text, &file, &again));
	assert_memory_equal(&b, &again, sizeof(b));
	free(text);
}

static const struct broken {
	const char *name, *text, *fault;
} broken[] = {
	{ "a figure that is no number is refused, by its line and column",
	  HEAD "sw_tc 2413 24990x 1 1 1 1 1\n",
	  "b.txt:4: verified \"24990x\": expected a number" },
	{ "a negative figure is refused", HEAD "sw_tc -1 1 1 1 1 1 1\n",
	  "b.txt:4: size \"-1\": expected a number" },
	{ "a figure that no long holds is refused",
	  HEAD "sw_tc 99999999999999999999 1 1 1 1 1 1\n",
	  "b.txt:4: size \"99999999999999999999\": expected a number" },
	{ "a missing figure is refused", HEAD "sw_tc 1 2 3 4 5 6\n",
	  "b.txt:4: jited \"\": expected a number" },
	{ "a figure too many is refused", HEAD "sw_tc 1 2 3 4 5 6 7 8\n",
	  "b.txt:4: \"8\": expected 7 figures" },
	{ "a program that is there twice is refused", HEAD ROW ROW,
	  "b.txt:5: \"sw_tc\": is there twice" },
	{ "a version that is there twice is refused", HEAD "clang 15\n",
	  "b.txt:4: clang \"15\": expected one version, once" },
	{ "an empty version is refused", "clang  \n",
	  "b.txt:1: clang \"\": expected one version, once" },
	{ "a file without its kernel is refused", "clang 14\nlibbpf 1\n" ROW,
	  "b.txt: expected a line \"kernel VERSION\"" },
};

static void file_is_refused(void **state)
{
	const struct broken *row = *state;
	struct budgetfile file = {};
	struct budget b;

	assert_false(read_text(row->text, &file, &b));
	assert_string_equal(file.fault, row->fault);
}

static void long_line_is_refused(void **state)
{
	struct budgetfile file = {};
	struct budget b;
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_false(read_text(text, &file, &b));
	assert_string_equal(file.fault, "b.txt:1: expected a shorter line");
}

static void too_many_programs_are_refused(void **state)
{
	struct budgetfile file = {};
	struct budget b;
	char text[2000] = HEAD;

	(void)state;
	for (int i = 0; i <= BUDGET_PROGRAMS_MAX; i++)
		sprintf(text + strlen(text), "sw_%d 1 2 3 4 5 6 7\n", i);
	assert_false(read_text(text, &file, &b));
	assert_string_equal(file.fault,
			    "b.txt:20: \"sw_16\": expected at most 16 "
			    "programs");
}

/* ---- the same programs ---- */

static struct budget with(const char *program)
{
	struct budget b = { .made = { "6.18 x86_64", "14.0.6", "1.1" },
			    .programs = 1 };

	strcpy(b.program[0].name, program);
	for (int i = 0; i < BUDGET_FIGURES; i++)
		b.program[0].figure[i] = 1000;
	return b;
}

static void programs_must_be_the_same(void **state)
{
	struct budgetfile file = { .name = "b.txt" };
	struct budget a = with("sw_a"), both = with("sw_a");

	(void)state;
	both.program[both.programs++] = with("sw_b").program[0];
	assert_true(budgetfile_fits(&file, &a, &a));
	assert_false(budgetfile_fits(&file, &a, &both));
	assert_string_equal(file.fault, "b.txt: expected a line for the "
					"program \"sw_b\"");
	assert_false(budgetfile_fits(&file, &both, &a));
	assert_string_equal(file.fault, "b.txt: \"sw_b\": there is no such "
					"program any more");
}

/* ---- the comparison ---- */

static const struct growth {
	const char *name;
	enum budget_figure figure;
	unsigned long kept, found;
	const char *kernel, *clang; /* of the file; NULL: as here */
	int grown;
	const char *says;
} growths[] = {
	{ "what did not change is within the budget", SIZE, 1000, 1000, NULL,
	  NULL, 0, "" },
	{ "10 % more is within the budget", VERIFIED, 1000, 1100, NULL, NULL, 0,
	  "" },
	{ "more than 10 % more is not", VERIFIED, 1000, 1101, NULL, NULL, 1,
	  "budget: sw_a: verified: budget 1000, measured 1101, 10.1 % MORE\n" },
	{ "the last figure counts like the first", JITED, 1000, 2000, NULL,
	  NULL, 1,
	  "budget: sw_a: jited: budget 1000, measured 2000, 100.0 % MORE\n" },
	{ "anything is more than nothing", STATES, 0, 1, NULL, NULL, 1,
	  "budget: sw_a: states: budget 0, measured 1, MORE\n" },
	{ "much less is told, but within the budget", STACK, 1000, 500, NULL,
	  NULL, 0,
	  "budget: sw_a: stack: budget 1000, measured 500, 50.0 % less: "
	  "renew, so that it stays\n" },
	{ "with another kernel its figures are not compared, and it is told",
	  VERIFIED, 1000, 9999, "6.12 x86_64", NULL, 0,
	  "budget: the file was made with kernel 6.12 x86_64, here is "
	  "6.18 x86_64\n"
	  "budget: NOT compared: verified states peak stack xlated jited; "
	  "they are the kernel's\n" },
	{ "with another kernel a program's size is compared", SIZE, 1000, 1200,
	  "6.12 x86_64", NULL, 1,
	  "budget: the file was made with kernel 6.12 x86_64, here is "
	  "6.18 x86_64\n"
	  "budget: NOT compared: verified states peak stack xlated jited; "
	  "they are the kernel's\n"
	  "budget: sw_a: size: budget 1000, measured 1200, 20.0 % MORE\n" },
	{ "with another clang nothing is compared, and it is told", SIZE, 1000,
	  9999, NULL, "16.0.6", 0,
	  "budget: the file was made with clang 16.0.6, here is 14.0.6\n"
	  "budget: NOT compared: anything; another clang makes other "
	  "programs\n" },
};

static void growth_is_judged(void **state)
{
	const struct growth *g = *state;
	struct budget kept = with("sw_a"), found = with("sw_a");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	kept.program[0].figure[g->figure] = g->kept;
	found.program[0].figure[g->figure] = g->found;
	if (g->kernel)
		strcpy(kept.made[KERNEL], g->kernel);
	if (g->clang)
		strcpy(kept.made[CLANG], g->clang);
	assert_int_equal(budget_compare(out, &kept, &found), g->grown);
	fclose(out);
	assert_string_equal(text, g->says);
	free(text);
}

/* ---- the makers ---- */

static void kernel_is_named_by_its_release(void **state)
{
	char name[BUDGET_WORD];

	(void)state;
	assert_true(budget_kernel("6.18.44-1-amd64", "x86_64", name));
	assert_string_equal(name, "6.18 x86_64");
	assert_true(budget_kernel("7.0-rc1", "aarch64", name));
	assert_string_equal(name, "7.0 aarch64");
	assert_false(budget_kernel("next", "x86_64", name));
}

static void clang_is_named_by_the_object(void **state)
{
	static const char object[] = "\x7f"
				     "ELF\0Debian clang version 14.0.6\0main";
	char name[BUDGET_WORD];
	unsigned char *cut;

	(void)state;
	assert_true(budget_clang(object, sizeof(object), name));
	assert_string_equal(name, "14.0.6");
	assert_false(budget_clang(object, 20, name));
	cut = exact_copy(object, 30);
	assert_true(budget_clang(cut, 30, name));
	assert_string_equal(name, "14.0");
	free(cut - EXACT_ALIGN);
}

int main(void)
{
	static struct table t;

	table_case(&t, "a file is read, whatever its blanks", file_is_read,
		   NULL);
	table_case(&t, "what is written can be read again",
		   what_is_written_can_be_read, NULL);
	table_rows(&t, broken, file_is_refused);
	table_case(&t, "a line without end is refused", long_line_is_refused,
		   NULL);
	table_case(&t, "more programs than there is room for are refused",
		   too_many_programs_are_refused, NULL);
	table_case(&t, "the file must speak of the programs that there are",
		   programs_must_be_the_same, NULL);
	table_rows(&t, growths, growth_is_judged);
	table_case(&t, "a kernel is known by two numbers and its machine",
		   kernel_is_named_by_its_release, NULL);
	table_case(&t, "an object says which clang made it",
		   clang_is_named_by_the_object, NULL);
	return table_run(&t, "budget");
}
