// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs. Knows what loading and attaching takes, not when to. */
#include "dataplane.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "log.h"
#include "own.h"
#include "pins.h"
#include "synward.h"
#include "synward.skel.h"

/* Debian 12's headers know no tcx. */
#define DATAPLANE_TCX_INGRESS ((enum bpf_attach_type)46)
#define DATAPLANE_F_BEFORE (1U << 3)

static const char *const xdp_words[] = {
	[DATAPLANE_XDP_AUTO] = "auto",
	[DATAPLANE_XDP_NATIVE] = "native",
	[DATAPLANE_XDP_GENERIC] = "generic",
};

int dataplane_xdp_parse(const char *word, enum dataplane_xdp *ret_xdp)
{
	for (enum dataplane_xdp x = 0; x <= DATAPLANE_XDP_GENERIC; x++) {
		if (strcmp(word, xdp_words[x]))
			continue;
		*ret_xdp = x;
		return 0;
	}
	return log_usage("--xdp \"%s\": expected native, generic or auto",
			 word);
}

/* Marks metadata as ours: zero is what nobody has written yet. */
static __u32 random_magic(void)
{
	__u32 magic = 0;

	while (!magic)
		if (getrandom(&magic, sizeof(magic), 0) < 0)
			return 0;
	return magic;
}

static int set_constants(struct synward *skeleton)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 1 || cpus > SW_CPUS_MAX)
		return log_refused(0, "%d possible CPUs: expected 1 to %d",
				   cpus, SW_CPUS_MAX);
	skeleton->rodata->load.cpus = cpus;
	skeleton->rodata->load.hz = clock_kernel_hz();
	skeleton->rodata->load.magic = random_magic();
	if (!skeleton->rodata->load.magic)
		return log_refused(errno, "no random numbers");
	return 0;
}

/* Before Linux 6.16 each CPU that makes an entry of an LRU map takes 128 free
 * ones at once, and evicts others where there are too few. */
static int set_gates(const struct synward *skeleton)
{
	__u32 wanted = 2 * 128 * skeleton->rodata->load.cpus;
	int err;

	if (wanted < SW_GATES_MAX)
		return 0;
	err = bpf_map__set_max_entries(skeleton->maps.sw_gates, wanted);
	return err ? log_refused_bpf(err, "cannot set the size of sw_gates") :
		     0;
}

static int set_pins(const struct synward *skeleton, const char *pin_dir)
{
	const char *dir;
	struct bpf_map *map;
	char path[PATH_MAX];
	int err;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		if (bpf_map__is_internal(map))
			continue;
		dir = map == skeleton->maps.sw_keys  ? SW_PIN_SECRET :
		      map == skeleton->maps.sw_iface ? PINS_NEW :
						       SW_PIN_MAPS;
		pins_path(path, pin_dir, dir, bpf_map__name(map));
		err = bpf_map__set_pin_path(map, path);
		if (err)
			return log_refused_bpf(err, "cannot pin %s", path);
	}
	return 0;
}

int dataplane_load(const char *pin_dir, struct dataplane *ret_plane)
{
	struct synward *skeleton = synward__open();
	int err;

	if (!skeleton)
		return log_refused_bpf(errno, "cannot open the BPF programs");
	err = set_constants(skeleton)     ?:
		      set_gates(skeleton) ?:
					    set_pins(skeleton, pin_dir);
	if (!err) {
		err = synward__load(skeleton);
		if (err)
			err = log_refused_bpf(err, "the kernel refused the BPF "
						   "programs");
	}
	if (err)
		synward__destroy(skeleton);
	else
		ret_plane->skeleton = skeleton;
	return err;
}

void dataplane_close(struct dataplane *plane)
{
	synward__destroy(plane->skeleton);
	plane->skeleton = NULL;
}

int dataplane_start_timer(const struct dataplane *plane)
{
	int fd = bpf_program__fd(plane->skeleton->progs.sw_start);
	LIBBPF_OPTS(bpf_test_run_opts, run);
	int err = bpf_prog_test_run_opts(fd, &run);

	if (err || run.retval)
		return log_refused_bpf(err ?: (int)run.retval,
				       "cannot start the timer");
	return 0;
}

/* Pins it; or takes it off at once, not some time after it is closed. */
static int keep_link(int link, const char *pin_dir, const char *dir,
		     const char *name)
{
	char path[PATH_MAX];
	int err;

	pins_path(path, pin_dir, dir, name);
	if (!bpf_obj_pin(link, path))
		return 0;
	err = log_refused(errno, "cannot pin %s", path);
	bpf_link_detach(link);
	return err;
}

int dataplane_attach_made(const struct dataplane *plane, const char *pin_dir)
{
	int program = bpf_program__fd(plane->skeleton->progs.sw_made);
	own(fd) int link = bpf_raw_tracepoint_open(NULL, program);

	if (link < 0)
		return log_refused_bpf(link, "cannot attach to the tracepoint "
					     "inet_sock_set_state");
	return keep_link(link, pin_dir, PINS_NEW, SW_PIN_MADE);
}

/* First of all: what returns TC_ACT_OK before us would hide marked packets
 * from us, and we hide none from what is behind us. */
int dataplane_attach_tc(const struct dataplane *plane, const char *pin_dir,
			const struct iface *iface)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = DATAPLANE_F_BEFORE);
	own(fd) int link =
		bpf_link_create(bpf_program__fd(plane->skeleton->progs.sw_tc),
				iface->index, DATAPLANE_TCX_INGRESS, &opts);

	if (link < 0)
		return log_refused_bpf(link, "%s: cannot attach the TC program",
				       iface->name);
	return keep_link(link, pin_dir, PINS_NEW, SW_PIN_TC);
}

/* A link, or -errno. */
static int create_xdp(const struct dataplane *plane, const struct iface *iface,
		      bool native)
{
	const struct bpf_program *program =
		native ? plane->skeleton->progs.sw_xdp :
			 plane->skeleton->progs.sw_xdp_generic;
	int fd = bpf_program__fd(program);
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);

	return bpf_link_create(fd, iface->index, BPF_XDP, &opts);
}

static int xdp_refused(const struct iface *iface, bool native, int err)
{
	if (native && err == -EOPNOTSUPP)
		return log_unsupported("%s: native XDP is not supported here: "
				       "--xdp generic",
				       iface->name);
	if (err == -EBUSY || err == -EEXIST)
		return log_refused(0,
				   "%s: another XDP program was attached just "
				   "now: bpftool net shows it",
				   iface->name);
	if (native)
		return log_refused_bpf(
			err,
			"%s: the driver refused native XDP (MTU "
			"%u): a smaller MTU or --xdp generic may "
			"do",
			iface->name, iface->mtu);
	return log_refused_bpf(err, "%s: cannot attach the XDP program",
			       iface->name);
}

int dataplane_attach_xdp(const struct dataplane *plane,
			 const struct iface *iface, enum dataplane_xdp wanted,
			 int *ret_link, bool *ret_native)
{
	bool native = wanted != DATAPLANE_XDP_GENERIC;
	int link = create_xdp(plane, iface, native);

	if (link == -EOPNOTSUPP && wanted == DATAPLANE_XDP_AUTO) {
		native = false;
		link = create_xdp(plane, iface, native);
	}
	if (link < 0)
		return xdp_refused(iface, native, link);
	*ret_link = link;
	*ret_native = native;
	return 0;
}

int dataplane_keep_xdp(int link, const char *pin_dir, const char *dir)
{
	return keep_link(link, pin_dir, dir, SW_PIN_XDP);
}
