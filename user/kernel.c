// SPDX-License-Identifier: GPL-2.0-or-later
/* What the running kernel and our privileges allow. */
#include "kernel.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

/* Debian 12's headers are older than these. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static const struct kernel_feature assign_reqsk = {
	"kfunc bpf_sk_assign_tcp_reqsk", "6.9 with CONFIG_SYN_COOKIES"
};

static const struct kernel_feature tcx = { "tcx (BPF_TCX_INGRESS)",
					   "6.6 with CONFIG_NET_XGRESS" };

static const struct kernel_feature tracepoint = {
	"tracepoint inet_sock_set_state", "6.9 with CONFIG_BPF_EVENTS"
};

static bool has_tcx(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "bpf_attach_type", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++) {
		__u32 name = btf_enum(type)[i].name_off;

		if (!strcmp(btf__name_by_offset(btf, name), "BPF_TCX_INGRESS"))
			return true;
	}
	return false;
}

const struct kernel_feature *kernel_missing(const struct btf *btf)
{
	if (btf__find_by_name_kind(btf, "bpf_sk_assign_tcp_reqsk",
				   BTF_KIND_FUNC) <= 0)
		return &assign_reqsk;
	if (!has_tcx(btf))
		return &tcx;
	return btf__find_by_name_kind(btf, "btf_trace_inet_sock_set_state",
				      BTF_KIND_TYPEDEF) > 0 ?
		       NULL :
		       &tracepoint;
}

int kernel_check(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct kernel_feature *missing;

	if (!btf)
		return log_unsupported("this kernel shows no BTF of itself "
				       "(/sys/kernel/btf/vmlinux): it needs "
				       "CONFIG_DEBUG_INFO_BTF");
	missing = kernel_missing(btf);
	btf__free(btf);
	if (missing)
		return log_unsupported("this kernel lacks %s: it needs Linux "
				       "%s or later",
				       missing->name, missing->since);
	return 0;
}

/* CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON, but not CAP_NET_ADMIN. */
static bool capable(const struct __user_cap_data_struct *caps, int cap)
{
	return caps[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap);
}

int kernel_check_privilege(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {};
	bool admin;

	if (syscall(SYS_capget, &header, caps))
		return log_refused(errno, "capget");
	admin = capable(caps, CAP_SYS_ADMIN);
	if (capable(caps, CAP_NET_ADMIN) && (admin || capable(caps, CAP_BPF)) &&
	    (admin || capable(caps, CAP_PERFMON)))
		return 0;
	return log_denied("not permitted: needs root, or the capabilities "
			  "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; try sudo");
}

__u64 kernel_netns_cookie(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	__u64 cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		cookie = 0;
	close(fd);
	return cookie;
}
