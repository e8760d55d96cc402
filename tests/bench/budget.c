// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * budget.c - what synward's programs cost the verifier, against a file
 *
 * Knows: how to load them, attaching and pinning nothing, and where the kernel
 * tells what they cost.
 * Does not know: what is too much (budget.h), the file (budgetfile.h), or the
 * verifier's words (verifier.h).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <sys/utsname.h>

#include "budgetfile.h"
#include "kernel.h"
#include "log.h"
#include "own.h"
#include "synward.skel.h"
#include "verifier.h"

#define LOG_STATS 4 /* BPF_LOG_STATS, of include/linux/bpf_verifier.h */
#define LOG_BYTES 65536

static void own_skeleton(struct synward **skeleton)
{
	synward__destroy(*skeleton);
}

/* ---- what one program costs -------------------------------------------- */

/* What is over half the limit may be over it with the next kernel. */
static void warn_of_limit(const char *name, const struct verifier_said *said)
{
	if (said->verified > said->limit / 2)
		fprintf(stderr,
			"budget: warning: %s: the verifier walked %lu "
			"instructions, over half its limit of %lu\n",
			name, said->verified, said->limit);
}

static int set_stack(struct budget_program *p, const struct verifier_said *said,
		     const struct bpf_insn *insns)
{
	if (verifier_stack(insns, p->figure[XLATED], said, &p->figure[STACK]))
		return 0;
	return log_refused(0,
			   "%s: its functions are not the %d whose stack "
			   "the verifier tells of",
			   p->name, said->functions);
}

static int measure_stack(int fd, struct budget_program *p,
			 const struct verifier_said *said)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	own(free) struct bpf_insn *insns = NULL;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return log_refused(errno, "%s: no information", p->name);
	insns = calloc(1, info.xlated_prog_len);
	if (!insns)
		return log_refused(ENOMEM, "%s", p->name);
	p->figure[XLATED] = info.xlated_prog_len / sizeof(*insns);
	p->figure[JITED] = info.jited_prog_len;
	info = (struct bpf_prog_info){
		.xlated_prog_insns = (unsigned long)insns,
		.xlated_prog_len = info.xlated_prog_len,
	};
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return log_refused(errno, "%s: no instructions", p->name);
	return set_stack(p, said, insns);
}

static int measure_program(const struct bpf_program *program,
			   struct budget_program *p)
{
	const char *log = bpf_program__log_buf(program, &(size_t){ 0 });
	struct verifier_said said = {};

	snprintf(p->name, sizeof(p->name), "%s", bpf_program__name(program));
	if (!verifier_read(log, &said))
		return log_refused(0,
				   "%s: the verifier's words are not "
				   "understood: \"%s\"",
				   p->name, log);
	p->figure[SIZE] = bpf_program__insn_cnt(program);
	p->figure[VERIFIED] = said.verified;
	p->figure[STATES] = said.states;
	p->figure[PEAK] = said.peak;
	warn_of_limit(p->name, &said);
	return measure_stack(bpf_program__fd(program), p, &said);
}

/* ---- all of them ------------------------------------------------------- */

/* What attaching sets before it loads (user/dataplane.c), but the same on any
 * machine and in each run: the verifier and the JIT see it. */
static struct synward *open_programs(void)
{
	struct synward *skeleton = synward__open();

	if (!skeleton)
		return NULL;
	skeleton->rodata->load.cpus = 2;
	skeleton->rodata->load.hz = 250;
	skeleton->rodata->load.magic = 0x5eed5eed;
	return skeleton;
}

/* Once more, without a log of ours: then libbpf keeps the verifier's reason. */
static int tell_why_refused(void)
{
	own(skeleton) struct synward *skeleton = open_programs();
	int err = skeleton ? synward__load(skeleton) : -errno;

	return log_refused_bpf(err, "the kernel refused the BPF programs");
}

/* @logs: LOG_BYTES for each program. */
static int load(struct synward *skeleton, char *logs)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skeleton->obj)
	{
		bpf_program__set_log_level(program, LOG_STATS);
		bpf_program__set_log_buf(program, logs, LOG_BYTES);
		logs += LOG_BYTES;
	}
	return synward__load(skeleton) ? tell_why_refused() : 0;
}

static int measure_makers(struct budget *b)
{
	struct utsname host;
	size_t size;
	const void *object = synward__elf_bytes(&size);

	if (uname(&host) ||
	    !budget_kernel(host.release, host.machine, b->made[KERNEL]))
		return log_refused(0, "the kernel names no version");
	if (!budget_clang(object, size, b->made[CLANG]))
		return log_refused(0, "the BPF object names no compiler: "
				      "expected it to be built with -g");
	snprintf(b->made[LIBBPF], BUDGET_WORD, "%u.%u", libbpf_major_version(),
		 libbpf_minor_version());
	return 0;
}

static int measure(struct budget *b)
{
	own(skeleton) struct synward *skeleton = open_programs();
	own(free) char *logs = calloc(BUDGET_PROGRAMS_MAX, LOG_BYTES);
	struct bpf_program *program;
	int err;

	if (!skeleton || !logs)
		return log_refused_bpf(errno, "cannot open the BPF programs");
	if (skeleton->skeleton->prog_cnt > BUDGET_PROGRAMS_MAX)
		return log_refused(0, "%d programs: expected at most %d",
				   skeleton->skeleton->prog_cnt,
				   BUDGET_PROGRAMS_MAX);
	err = measure_makers(b) ?: load(skeleton, logs);
	bpf_object__for_each_program(program, skeleton->obj)
	{
		err = err ?: measure_program(program, &b->program[b->programs]);
		b->programs++;
	}
	return err;
}

/* ---- the file ---------------------------------------------------------- */

static int renew_hint(const char *file, int err)
{
	fprintf(stderr,
		"renew it, if that is due: sudo " BUDGETFILE_TOOL
		" --write %s\n",
		file);
	return err;
}

static int file_fault(const struct budgetfile *src)
{
	fprintf(stderr, "%s\n", src->fault);
	return renew_hint(src->name, -EINVAL);
}

static int read_file(struct budgetfile *src, struct budget *kept)
{
	own(file) FILE *in = fopen(src->name, "r");

	if (!in)
		budgetfile_fault(src, "%s", strerror(errno));
	return in && budgetfile_read(src, in, kept) ? 0 : file_fault(src);
}

static int write_file(const char *file, const struct budget *found)
{
	FILE *out = fopen(file, "w");
	bool failed;

	if (!out)
		return log_refused(errno, "%s", file);
	budgetfile_print(out, found);
	failed = ferror(out);
	return fclose(out) || failed ? log_refused(errno, "%s", file) : 0;
}

static int compare(struct budgetfile *src, struct budget *kept,
		   struct budget *found)
{
	if (!budgetfile_fits(src, kept, found))
		return file_fault(src);
	if (!budget_compare(stderr, kept, found))
		return 0;
	return renew_hint(src->name, -EIO);
}

/* ---- the command line -------------------------------------------------- */

static const char usage_text[] =
	"usage: budget [--write] FILE\n"
	"  -w, --write  make FILE of what is measured, do not compare\n"
	"  -h, --help   this text\n"
	"Exit: 0 within the budget, 1 grown by over 10 % or refused by the\n"
	"kernel, 2 usage or FILE, 4 privilege, 5 not supported here.\n"
	"What cannot be compared here is said, and is not an error.\n";

static const struct option long_opts[] = {
	{ "write", no_argument, NULL, 'w' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "budget: %s %s\n%s", what, value, usage_text);
	return 2;
}

static int run(const char *file, bool write)
{
	struct budgetfile src = { .name = file };
	struct budget kept, found = {};
	int err = write ? 0 : read_file(&src, &kept);

	err = err ?: kernel_check_privilege() ?: kernel_check();
	err = err ?: measure(&found);
	if (err)
		return err;
	budgetfile_print_table(stdout, &found);
	fflush(stdout);
	return write ? write_file(file, &found) : compare(&src, &kept, &found);
}

int main(int argc, char **argv)
{
	bool write = false;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "wh", long_opts, NULL)) >= 0) {
		if (opt == 'h')
			return fputs(usage_text, stdout) < 0;
		if (opt != 'w')
			return usage("does not fit:", argv[optind - 1]);
		write = true;
	}
	if (argc - optind != 1)
		return usage("needed:", "one FILE");
	log_start(LOG_NORMAL);
	return log_exit_code(run(argv[optind], write));
}
