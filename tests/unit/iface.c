// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * user/iface.c and user/kernel.c: which interfaces and kernels are refused,
 * also those that the machine of the test cannot make.
 */
#include "unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>

#include "iface.h"
#include "kernel.h"

struct refused {
	const char *name;
	struct iface iface;
	enum iface_refusal refusal;
	int class; /* of the message */
};

#define UP .flags = IFF_UP
#define ETHER .arphrd = ARPHRD_ETHER

static const struct refused refused[] = {
	{ "a plain interface is served",
	  { .name = "eth0", UP, ETHER },
	  IFACE_SERVED,
	  0 },
	{ "a veth is served",
	  { .name = "v0", .kind = "veth", UP, ETHER },
	  IFACE_SERVED,
	  0 },
	{ "a VLAN device is sent to its parent",
	  { .name = "eth0.10", .kind = "vlan", UP, ETHER },
	  IFACE_VLAN,
	  -EOPNOTSUPP },
	{ "a VLAN device that is down is a VLAN device first",
	  { .name = "eth0.10", .kind = "vlan", ETHER },
	  IFACE_VLAN,
	  -EOPNOTSUPP },
	{ "the loopback is refused",
	  { .name = "lo",
	    .flags = IFF_UP | IFF_LOOPBACK,
	    .arphrd = ARPHRD_LOOPBACK },
	  IFACE_LOOPBACK,
	  -EOPNOTSUPP },
	{ "WireGuard has no Ethernet header",
	  { .name = "wg0", .kind = "wireguard", UP, .arphrd = ARPHRD_NONE },
	  IFACE_NO_ETHERNET,
	  -EOPNOTSUPP },
	{ "PPP has no Ethernet header",
	  { .name = "ppp0", UP, .arphrd = ARPHRD_PPP },
	  IFACE_NO_ETHERNET,
	  -EOPNOTSUPP },
	{ "a tun has no Ethernet header",
	  { .name = "tun0", .kind = "tun", UP, .arphrd = ARPHRD_NONE },
	  IFACE_NO_ETHERNET,
	  -EOPNOTSUPP },
	{ "an interface that is down is refused",
	  { .name = "eth0", ETHER },
	  IFACE_DOWN,
	  -EINVAL },
	{ "an interface called maps would be taken for our pins",
	  { .name = "maps", UP, ETHER },
	  IFACE_RESERVED_NAME,
	  -EINVAL },
	{ "an interface called secret would be taken for our pins",
	  { .name = "secret", UP, ETHER },
	  IFACE_RESERVED_NAME,
	  -EINVAL },
	{ "a foreign native XDP program is refused",
	  { .name = "eth0", UP, ETHER, .xdp = IFACE_XDP_NATIVE },
	  IFACE_FOREIGN_XDP,
	  -EIO },
	{ "a foreign generic XDP program is refused",
	  { .name = "eth0", UP, ETHER, .xdp = IFACE_XDP_GENERIC },
	  IFACE_FOREIGN_XDP,
	  -EIO },
};

static void is_refused(void **state)
{
	const struct refused *r = *state;

	assert_int_equal(iface_refusal(&r->iface), r->refusal);
	assert_int_equal(iface_refuse(&r->iface, r->refusal), r->class);
}

struct kernel {
	const char *name;
	bool kfunc, tcx, tracepoint;
	const char *missing;
};

static const struct kernel kernels[] = {
	{ "a kernel with the kfunc, tcx and the tracepoint will do", true, true,
	  true, NULL },
	{ "a kernel without the kfunc lacks it", false, true, true,
	  "bpf_sk_assign_tcp_reqsk" },
	{ "a kernel without tcx lacks it", true, false, true, "tcx" },
	{ "a kernel without the tracepoint lacks it", true, true, false,
	  "inet_sock_set_state" },
	{ "a kernel with none of them lacks the kfunc", false, false, false,
	  "bpf_sk_assign_tcp_reqsk" },
};

/* A kernel's BTF with those of our features in it. */
static struct btf *kernel_btf(const struct kernel *k)
{
	struct btf *btf = btf__new_empty();
	int proto;

	assert_non_null(btf);
	btf__add_enum(btf, "bpf_attach_type", 4);
	btf__add_enum_value(btf, "BPF_XDP", 37);
	if (k->tcx)
		btf__add_enum_value(btf, "BPF_TCX_INGRESS", 46);
	proto = btf__add_func_proto(btf, 0);
	btf__add_func(btf, k->kfunc ? "bpf_sk_assign_tcp_reqsk" : "other",
		      BTF_FUNC_STATIC, proto);
	if (k->tracepoint)
		btf__add_typedef(btf, "btf_trace_inet_sock_set_state", proto);
	return btf;
}

static void kernel_lacks(void **state)
{
	const struct kernel *k = *state;
	struct btf *btf = kernel_btf(k);
	const struct kernel_feature *missing = kernel_missing(btf);

	if (k->missing) {
		assert_non_null(missing);
		assert_non_null(strstr(missing->name, k->missing));
	} else {
		assert_null(missing);
	}
	btf__free(btf);
}

int main(void)
{
	static struct table t;

	table_rows(&t, refused, is_refused);
	table_rows(&t, kernels, kernel_lacks);
	return table_run(&t, "iface");
}
