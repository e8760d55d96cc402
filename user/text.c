// SPDX-License-Identifier: GPL-2.0-or-later
/* How numbers, times and ages are written for people. */
#include "text.h"

#include <stdio.h>

#include "clock.h"

const char *text_number(__u64 number, char text[TEXT_NUMBER])
{
	char digits[TEXT_NUMBER];
	int len = snprintf(digits, sizeof(digits), "%llu", number), to = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			text[to++] = ',';
		text[to++] = digits[i];
	}
	text[to] = 0;
	return text;
}

const char *text_time(time_t when, char text[TEXT_TIME])
{
	struct tm tm = {};

	localtime_r(&when, &tm);
	strftime(text, TEXT_TIME, "%Y-%m-%d %H:%M:%S", &tm);
	return text;
}

const char *text_age(__u64 age_ns, char text[TEXT_AGE])
{
	unsigned long long s = age_ns / CLOCK_SECOND_NS;

	if (s < 60)
		snprintf(text, TEXT_AGE, "%llu s", s);
	else if (s < 3600)
		snprintf(text, TEXT_AGE, "%llu min %llu s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, TEXT_AGE, "%llu h %llu min", s / 3600,
			 s / 60 % 60);
	else
		snprintf(text, TEXT_AGE, "%llu d %llu h", s / 86400,
			 s / 3600 % 24);
	return text;
}
