// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages to stderr. Knows no command and no fault. */
#include "log.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"

/* Of a verifier's log, the end says why. */
#define LOG_TAIL 600

static enum log_level level_now = LOG_NORMAL;
static char bpf_warning[256];
static char verifier_tail[LOG_TAIL + 1];

static void log_line(const char *prefix, const char *format, va_list args,
		     const char *suffix)
{
	fflush(stdout);
	fputs(prefix, stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, "%s\n", suffix);
}

/* Keeps the last lines of "...\n-- BEGIN PROG LOAD LOG --\n<log>-- END". */
static void keep_verifier_tail(const char *text)
{
	const char *end = strstr(text, "-- END PROG LOAD LOG --");
	const char *begin, *line;

	if (!end)
		end = text + strlen(text);
	begin = end - text > LOG_TAIL ? end - LOG_TAIL : text;
	line = begin == text ? begin : memchr(begin, '\n', end - begin);
	begin = line ? line : begin;
	snprintf(verifier_tail, sizeof(verifier_tail), "%.*s",
		 (int)(end - begin), begin);
}

static int log_libbpf(enum libbpf_print_level level, const char *format,
		      va_list args)
{
	own(free) char *text = NULL;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return 0;
	}
	if (level_now == LOG_VERBOSE)
		fputs(text, stderr);
	if (level != LIBBPF_WARN)
		return 0;
	if (strstr(text, "BEGIN PROG LOAD LOG"))
		keep_verifier_tail(text);
	else
		snprintf(bpf_warning, sizeof(bpf_warning), "%.*s",
			 (int)strcspn(text, "\n"), text);
	return 0;
}

void log_start(enum log_level level)
{
	level_now = level;
	libbpf_set_print(log_libbpf);
}

enum log_level log_level(void)
{
	return level_now;
}

#define LOG_CLASS(name, err)                             \
	int name(const char *format, ...)                \
	{                                                \
		va_list args;                            \
                                                         \
		va_start(args, format);                  \
		log_line("synward: ", format, args, ""); \
		va_end(args);                            \
		return -(err);                           \
	}

LOG_CLASS(log_usage, EINVAL)
LOG_CLASS(log_absent, ENOTCONN)
LOG_CLASS(log_denied, EPERM)
LOG_CLASS(log_unsupported, EOPNOTSUPP)
LOG_CLASS(log_busy, EBUSY)

static int refused(int err, const char *format, va_list args)
{
	char suffix[128] = "";

	if (err)
		snprintf(suffix, sizeof(suffix), ": %s", strerror(abs(err)));
	log_line("synward: ", format, args, suffix);
	return -EIO;
}

int log_refused(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	err = refused(err, format, args);
	va_end(args);
	return err;
}

int log_refused_bpf(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	err = refused(err, format, args);
	va_end(args);
	if (level_now == LOG_VERBOSE)
		return err; /* it was shown as it came */
	if (*bpf_warning)
		fprintf(stderr, "%s\n", bpf_warning);
	if (*verifier_tail)
		fprintf(stderr, "the verifier:%s\n", verifier_tail);
	return err;
}

#define LOG_REMARK(name, prefix)                    \
	void name(const char *format, ...)          \
	{                                           \
		va_list args;                       \
                                                    \
		if (level_now == LOG_QUIET)         \
			return;                     \
		va_start(args, format);             \
		log_line(prefix, format, args, ""); \
		va_end(args);                       \
	}

LOG_REMARK(log_warn, "synward: warning: ")
LOG_REMARK(log_note, "synward: ")

int log_exit_code(int err)
{
	switch (err) {
	case 0:
		return 0;
	case -EINVAL:
		return 2;
	case -ENOTCONN:
		return 3;
	case -EPERM:
		return 4;
	case -EOPNOTSUPP:
		return 5;
	case -EBUSY:
		return 8;
	default:
		return 1;
	}
}
