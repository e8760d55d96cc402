// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * killat N COMMAND...: runs COMMAND and kills it (SIGKILL) as it enters its
 * N-th system call of those that change something for others: files, BPF
 * objects, sysctls. Between two of these nothing changes that outlives the
 * process, so that 1..count are all the states that a kill can leave behind.
 *
 * N 0 kills nobody and prints the count. Exit: 137 if it was killed, else
 * COMMAND's own.
 *
 * Does not know: what COMMAND does. Follows no threads and no children.
 */
#include <err.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLED 137 /* as a shell says it */

/* Of bpf() the commands that only look would drown the others. */
static bool bpf_changes(unsigned command)
{
	switch (command) {
	case BPF_MAP_CREATE:
	case BPF_MAP_UPDATE_ELEM:
	case BPF_PROG_LOAD:
	case BPF_OBJ_PIN:
	case BPF_PROG_TEST_RUN:
	case BPF_MAP_FREEZE:
	case BPF_LINK_CREATE:
	case BPF_LINK_DETACH:
		return true;
	default:
		return false;
	}
}

static bool changes(const struct __ptrace_syscall_info *call)
{
	switch (call->entry.nr) {
	case SYS_bpf:
		return bpf_changes(call->entry.args[0]);
	case SYS_mkdirat:
	case SYS_renameat2:
	case SYS_unlinkat:
	case SYS_write:
	case SYS_flock:
	case SYS_munmap: /* follows stores to a map */
	case SYS_exit_group:
#ifdef SYS_mkdir
	case SYS_mkdir:
	case SYS_rename:
	case SYS_renameat:
	case SYS_unlink:
	case SYS_rmdir:
#endif
		return true;
	default:
		return false;
	}
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		err(2, "fork");
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			err(2, "ptrace");
		execvp(*command, command); /* and stops, with SIGTRAP */
		err(2, "%s", *command);
	}
	return pid;
}

static bool enters_change(pid_t pid)
{
	struct __ptrace_syscall_info call;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) < 0)
		err(2, "PTRACE_GET_SYSCALL_INFO");
	return call.op == PTRACE_SYSCALL_INFO_ENTRY && changes(&call);
}

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	unsigned long count = 0, at;
	int status, signal = 0;
	pid_t pid;

	if (argc < 3)
		errx(2, "usage: killat N COMMAND...");
	at = strtoul(argv[1], NULL, 10);
	pid = start(argv + 2);
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		return exit_code(status);
	if (ptrace(PTRACE_SETOPTIONS, pid, 0,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		err(2, "PTRACE_SETOPTIONS");
	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, 0, signal);
		if (waitpid(pid, &status, 0) < 0)
			err(2, "waitpid");
		if (!WIFSTOPPED(status))
			break;
		signal = WSTOPSIG(status);
		if (signal != (SIGTRAP | 0x80))
			continue; /* its own: hand it on */
		signal = 0;
		if (enters_change(pid) && ++count == at)
			kill(pid, SIGKILL);
	}
	if (!at)
		printf("%lu\n", count);
	return at && count >= at ? KILLED : exit_code(status);
}
