// SPDX-License-Identifier: GPL-2.0-or-later
/* The pinned maps. Knows where each is pinned and how each is read. */
#include "maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "own.h"
#include "pins.h"

static const __u32 zero;

static int open_pin(const char *pin_dir, const char *dir, const char *name)
{
	char path[PATH_MAX];

	pins_path(path, pin_dir, dir, name);
	return bpf_obj_get(path);
}

/* A version that is text; whatever else another ABI may have there. */
static bool is_version(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    !strchr(".-+~", text[i]))
			return false;
	return len && len < size;
}

/* Reads the one value of a map of unknown size; the caller frees. */
static int read_whole(int fd, __u8 **ret_value, size_t *ret_size)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	__u8 *value;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	/* bpf() fills eight bytes at a time */
	value = calloc(1, info.value_size + 8);
	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, value)) {
		free(value);
		return -errno;
	}
	*ret_value = value;
	*ret_size = info.value_size;
	return 0;
}

int maps_read_origin(const char *pin_dir, struct sw_host *ret_host)
{
	own(fd) int fd = open_pin(pin_dir, SW_PIN_MAPS, "sw_host");
	own(free) __u8 *value = NULL;
	struct sw_host host = {};
	size_t size = 0;
	int err;

	if (fd < 0)
		return -errno;
	err = read_whole(fd, &value, &size);
	if (err)
		return err;
	memcpy(&host, value, size < sizeof(host) ? size : sizeof(host));
	if (!is_version(host.version, sizeof(host.version)))
		host.version[0] = 0;
	*ret_host = host;
	return 0;
}

/* Maps a one-value array; closing the descriptor does not undo that. */
static int map_memory(const char *pin_dir, const char *dir, const char *name,
		      size_t size, void **ret_memory)
{
	own(fd) int fd = open_pin(pin_dir, dir, name);
	void *memory;

	if (fd < 0)
		return -errno;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	*ret_memory = memory;
	return 0;
}

int maps_damaged(const char *pin_dir, const char *name)
{
	return log_refused(0,
			   "%s: the pinned state is damaged (no %s): %s detach "
			   "--all, then attach",
			   pin_dir, name, pins_command(pin_dir));
}

static int open_all(const char *pin_dir, struct maps *maps,
		    const char **ret_missing)
{
	const struct {
		int *fd;
		const char *dir, *name;
	} pins[] = {
		{ &maps->host, SW_PIN_MAPS, "sw_host" },
		{ &maps->keys, SW_PIN_SECRET, "sw_keys" },
		{ &maps->ports, SW_PIN_MAPS, "sw_ports" },
		{ &maps->reasons, SW_PIN_MAPS, "sw_reasons" },
		{ &maps->services, SW_PIN_MAPS, "sw_services" },
		{ &maps->totals, SW_PIN_MAPS, "sw_totals" },
	};

	for (size_t i = 0; i < sizeof(pins) / sizeof(*pins); i++) {
		*pins[i].fd = open_pin(pin_dir, pins[i].dir, pins[i].name);
		if (*pins[i].fd >= 0)
			continue;
		*ret_missing = pins[i].name;
		return -errno;
	}
	return 0;
}

int maps_try_open(const char *pin_dir, struct maps *ret_maps,
		  const char **ret_missing)
{
	struct maps maps = MAPS_CLOSED;
	void *memory;
	int err = open_all(pin_dir, &maps, ret_missing);

	if (!err) {
		err = map_memory(pin_dir, SW_PIN_MAPS, "sw_config",
				 sizeof(*maps.config), &memory);
		if (err)
			*ret_missing = "sw_config";
	}
	if (err) {
		maps_close(&maps);
		return err;
	}
	maps.config = memory;
	*ret_maps = maps;
	return 0;
}

int maps_open(const char *pin_dir, struct maps *ret_maps)
{
	const char *missing;

	return maps_try_open(pin_dir, ret_maps, &missing) ?
		       maps_damaged(pin_dir, missing) :
		       0;
}

void maps_close(struct maps *maps)
{
	own_fd(&maps->host);
	own_fd(&maps->keys);
	own_fd(&maps->ports);
	own_fd(&maps->reasons);
	own_fd(&maps->services);
	own_fd(&maps->totals);
	if (maps->config)
		munmap(maps->config, sizeof(*maps->config));
	*maps = MAPS_CLOSED;
}

static int read_one(int fd, const void *key, void *value)
{
	return bpf_map_lookup_elem(fd, key, value) ? -errno : 0;
}

int maps_read_totals(const struct maps *maps, struct sw_totals *ret_totals)
{
	return read_one(maps->totals, &zero, ret_totals);
}

int maps_read_ring(const struct maps *maps, struct sw_keyring *ret_ring)
{
	const __u32 *key_slot = &maps->config->key_slot;
	__u32 slot;
	int err;

	do { /* a ring that was replaced meanwhile may have been wiped */
		slot = __atomic_load_n(key_slot, __ATOMIC_ACQUIRE);
		err = read_one(maps->keys, &slot, ret_ring);
	} while (slot != __atomic_load_n(key_slot, __ATOMIC_ACQUIRE));
	return err;
}

static int read_listed(const struct maps *maps, struct ports *ports)
{
	own(free) struct sw_port *rows = calloc(SW_PORTS, sizeof(*rows));
	own(free) __u32 *keys = calloc(SW_PORTS, sizeof(*keys));
	__u32 next, count = SW_PORTS;

	if (!rows || !keys)
		return -ENOMEM;
	if (bpf_map_lookup_batch(maps->ports, NULL, &next, keys, rows, &count,
				 NULL) &&
	    errno != ENOENT) /* its way to say that this was all */
		return -errno;
	for (__u32 i = 0; i < count; i++)
		if (rows[i].flags & SW_PORT_LISTED)
			ports_add(ports, keys[i]);
	return 0;
}

int maps_read_settings(const struct maps *maps, struct settings *ret_settings)
{
	struct settings settings = {
		.mode = __atomic_load_n(&maps->config->mode, __ATOMIC_RELAXED),
		.start_percent = maps->config->start_percent,
		.end_percent = maps->config->end_percent,
		.listed_only = maps->config->listed_only,
		.despite_nat = maps->config->despite_nat,
	};
	int err = 0;

	if (settings.listed_only)
		err = read_listed(maps, &settings.ports);
	if (!err)
		*ret_settings = settings;
	return err;
}

static int by_port(const void *a, const void *b)
{
	const struct maps_service *left = a, *right = b;

	return (int)left->port - (int)right->port;
}

int maps_read_services(const struct maps *maps,
		       struct maps_service **ret_services, size_t *ret_count)
{
	struct maps_service *services =
		calloc(SW_SERVICES_MAX, sizeof(*services));
	const __u32 *previous = NULL;
	size_t count = 0;

	if (!services)
		return -ENOMEM;
	while (count < SW_SERVICES_MAX &&
	       !bpf_map_get_next_key(maps->services, previous,
				     &services[count].port)) {
		previous = &services[count].port;
		if (!read_one(maps->services, previous, &services[count].row))
			count++;
	}
	qsort(services, count, sizeof(*services), by_port);
	*ret_services = services;
	*ret_count = count;
	return 0;
}

int maps_read_reasons(const struct maps *maps, struct sw_reasons *ret_sum)
{
	int cpus = libbpf_num_possible_cpus();
	own(free) struct sw_reasons *per_cpu = NULL;
	__u64 *sum = (__u64 *)ret_sum;

	if (cpus < 0)
		return cpus;
	per_cpu = calloc(cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return -ENOMEM;
	memset(ret_sum, 0, sizeof(*ret_sum));
	for (__u32 row = 0; row < SW_SERVICES_MAX; row++) {
		const __u64 *count = (const __u64 *)per_cpu;
		int err = read_one(maps->reasons, &row, per_cpu);

		if (err)
			return err;
		for (int i = 0; i < cpus * SW_REASONS; i++)
			sum[i % SW_REASONS] += count[i];
	}
	return 0;
}

static int write_one(int fd, __u32 key, const void *value)
{
	return bpf_map_update_elem(fd, &key, value, BPF_ANY) ? -errno : 0;
}

int maps_write_host(const struct maps *maps, const struct sw_host *host)
{
	return write_one(maps->host, 0, host);
}

int maps_write_ring(const struct maps *maps, __u32 slot,
		    const struct sw_keyring *ring)
{
	return write_one(maps->keys, slot, ring);
}

/*
 * After this no packet reads by what it read of the maps before: XDP and TC
 * programs are RCU readers, and this is how user space may ask for a grace
 * period. False where it may not: with nohz_full (kernel/sched/membarrier.c).
 */
static bool wait_for_packets(void)
{
	return !syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

/*
 * The old slot is wiped, lest a key lie in the kernel twice, or after it has
 * left the ring. Where we cannot know that no packet reads it, it stays until
 * the next roll overwrites it: half a key would lose a client, and what a
 * dead key could open has expired.
 */
int maps_replace_ring(const struct maps *maps, const struct sw_keyring *ring)
{
	static const struct sw_keyring empty;
	__u32 old = maps->config->key_slot & 1;
	int err = maps_write_ring(maps, !old, ring);

	if (err)
		return err;
	__atomic_store_n(&maps->config->key_slot, !old, __ATOMIC_RELEASE);
	if (wait_for_packets())
		maps_write_ring(maps, old, &empty);
	return 0;
}

int maps_write_ports(const struct maps *maps, const struct ports *ports)
{
	const struct sw_port listed = { .flags = SW_PORT_LISTED };
	int err = 0;

	for (__u32 port = 0; port < SW_PORTS && !err; port++)
		if (ports_has(ports, port))
			err = write_one(maps->ports, port, &listed);
	return err;
}

void maps_write_config(const struct maps *maps, const struct sw_config *config)
{
	*maps->config = *config;
}

static void store(__u32 *field, __u32 value)
{
	__atomic_store_n(field, value, __ATOMIC_RELEASE);
}

void maps_store_mode(const struct maps *maps, const struct settings *settings)
{
	store(&maps->config->start_percent, settings->start_percent);
	store(&maps->config->end_percent, settings->end_percent);
	store(&maps->config->mode, settings->mode);
}

int maps_iface_open(const char *pin_dir, const char *dir,
		    struct sw_iface **ret_iface)
{
	void *memory;
	int err = map_memory(pin_dir, dir, "sw_iface", sizeof(struct sw_iface),
			     &memory);

	if (!err)
		*ret_iface = memory;
	return err;
}

void maps_iface_close(struct sw_iface *iface)
{
	munmap(iface, sizeof(*iface));
}

void maps_iface_store(__u32 *field, __u32 value)
{
	store(field, value);
}
