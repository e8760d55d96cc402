/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How numbers, times and ages are written for people. */
#ifndef SYNWARD_TEXT_H
#define SYNWARD_TEXT_H

#include <linux/types.h>
#include <time.h>

/* Bytes that the results may need. Each function returns its buffer. */
#define TEXT_NUMBER 32
#define TEXT_TIME 32
#define TEXT_AGE 32

/* 198204 is "198,204". */
const char *text_number(__u64 number, char text[TEXT_NUMBER]);

/* Local time: "2026-01-31 12:00:00". */
const char *text_time(time_t when, char text[TEXT_TIME]);

/* "42 s", "3 min 12 s", "5 h 7 min", "12 d 3 h". */
const char *text_age(__u64 age_ns, char text[TEXT_AGE]);

#endif
