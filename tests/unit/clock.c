// SPDX-License-Identifier: GPL-2.0-or-later
/* user/clock.c: what the running kernel says of its tick. */
#include "unit.h"

#include <stdbool.h>

#include "clock.h"

/* The values that kernel/Kconfig.hz and the architectures offer. */
static void hz_is_one_that_kernels_have(void **state)
{
	static const unsigned offered[] = { 24,  32,  48,  64,  100,  128, 250,
					    256, 300, 500, 512, 1000, 1024 };
	unsigned hz = clock_kernel_hz();
	bool found = false;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(offered); i++)
		found |= offered[i] == hz;
	assert_true(found);
}

int main(void)
{
	static struct table t;

	table_case(&t, "the tick is one that kernels are built with",
		   hz_is_one_that_kernels_have, NULL);
	return table_run(&t, "clock");
}
