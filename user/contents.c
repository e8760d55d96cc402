// SPDX-License-Identifier: GPL-2.0-or-later
/* First contents of the shared maps. What they mean: include/synward.h. */
#include "contents.h"

#include <errno.h>

#include "clock.h"
#include "kernel.h"
#include "keys.h"
#include "log.h"
#include "own.h"
#include "sysctl.h"

static int write_keys(const struct maps *maps, const struct keys_root *given,
		      __u64 now_ns)
{
	own_by(keys_root_free) struct keys_root *random = NULL;
	struct sw_keyring ring;
	int err = keys_start();

	if (err)
		return err;
	random = given ? NULL : keys_root_random();
	if (!given && !random)
		return log_refused(ENOMEM, "cannot make keys");
	keys_make_ring(given ?: random, now_ns, &ring);
	err = maps_write_ring(maps, 0, &ring);
	keys_wipe(&ring);
	return err ? log_refused(err, "cannot write the keys") : 0;
}

static void write_config(const struct maps *maps,
			 const struct settings *settings, __s64 clock_offset_ns)
{
	const struct sw_config config = {
		.mode = settings->mode,
		.start_percent = settings->start_percent,
		.end_percent = settings->end_percent,
		.listed_only = settings->listed_only,
		.despite_nat = settings->despite_nat,
		.clock_offset_ns = clock_offset_ns,
		.rmem_max = sysctl_rmem_max(),
	};

	maps_write_config(maps, &config);
}

/* At 0 the kernel resets connections that are handed to it finished. That it
 * was 0 is written down before it is changed. */
static int write_host(const struct maps *maps, __u64 now_ns)
{
	struct sw_host host = { .abi = SW_ABI,
				.tcp_syncookies_before = -1,
				.netns_cookie = kernel_netns_cookie(),
				.created_ns = now_ns,
				.version = SW_VERSION };
	int value, err = sysctl_syncookies_read(&value);

	if (err)
		return log_refused(err, "cannot read net.ipv4.tcp_syncookies");
	if (!value)
		host.tcp_syncookies_before = value;
	err = maps_write_host(maps, &host);
	if (err)
		return log_refused(err, "cannot write sw_host");
	err = value ? 0 : sysctl_syncookies_write(1);
	if (err)
		return log_refused(err, "net.ipv4.tcp_syncookies is 0 and "
					"cannot be set to 1, without which the "
					"kernel takes no connection from us");
	if (value == 2)
		log_warn("net.ipv4.tcp_syncookies is 2: the kernel answers "
			 "what we pass with cookies of its own, so its queues "
			 "never fill and mode adaptive never challenges: "
			 "sysctl -w net.ipv4.tcp_syncookies=1");
	return 0;
}

int contents_write(const struct maps *maps, const struct settings *wanted,
		   const struct keys_root *root)
{
	__s64 offset_ns = clock_offset();
	__u64 now_ns = clock_now(offset_ns);
	int err;

	write_config(maps, wanted, offset_ns);
	err = write_keys(maps, root, now_ns);
	if (err)
		return err;
	err = maps_write_ports(maps, &wanted->ports);
	return err ? log_refused(err, "cannot write the ports") :
		     write_host(maps, now_ns);
}
