/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to stderr, and the errno classes that main turns into exit codes.
 *
 * A fault is logged once, where the detail is known, by the function named
 * after its class; the class's errno is what travels up the stack:
 *
 *	log_usage        -EINVAL      exit 2  usage, or a setting
 *	log_absent       -ENOTCONN    exit 3  nothing is attached
 *	log_denied       -EPERM       exit 4  privilege
 *	log_unsupported  -EOPNOTSUPP  exit 5  not supported here
 *	log_refused      -EIO         exit 1  the kernel refused
 *	log_busy         -EBUSY       exit 8  another synward holds the lock
 *
 * So a raw errno of the kernel never becomes an exit code.
 */
#ifndef SYNWARD_LOG_H
#define SYNWARD_LOG_H

#define LOG_PRINTF(nth, first) __attribute__((format(printf, nth, first)))

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

/* Also takes over libbpf's messages: shown only with LOG_VERBOSE. */
void log_start(enum log_level level);
enum log_level log_level(void);

int log_usage(const char *format, ...) LOG_PRINTF(1, 2);
int log_absent(const char *format, ...) LOG_PRINTF(1, 2);
int log_denied(const char *format, ...) LOG_PRINTF(1, 2);
int log_unsupported(const char *format, ...) LOG_PRINTF(1, 2);
int log_busy(const char *format, ...) LOG_PRINTF(1, 2);

/* Appends strerror of err (positive or negative; 0 = none known). */
int log_refused(int err, const char *format, ...) LOG_PRINTF(2, 3);

/* As log_refused, and adds what libbpf and the verifier said last. */
int log_refused_bpf(int err, const char *format, ...) LOG_PRINTF(2, 3);

/* Something is not as it should be, but the command goes on. Not with -q. */
void log_warn(const char *format, ...) LOG_PRINTF(1, 2);

/* What somebody looking on may want to know. Not with -q. */
void log_note(const char *format, ...) LOG_PRINTF(1, 2);

/* From 0 or one of the classes above to the process's exit code. */
int log_exit_code(int err);

#endif
