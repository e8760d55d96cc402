// SPDX-License-Identifier: GPL-2.0-or-later
/* What an interface is. Attaches nothing. */
#include "iface.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>

#include "log.h"
#include "netlink.h"
#include "own.h"
#include "synward.h"

static void read_kind(const struct nlattr *link_info, struct iface *iface)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, link_info) if (mnl_attr_get_type(attr) ==
						      IFLA_INFO_KIND)
		snprintf(iface->kind, sizeof(iface->kind), "%s",
			 mnl_attr_get_str(attr));
}

static enum iface_xdp xdp_mode(__u8 attached)
{
	switch (attached) {
	case XDP_ATTACHED_NONE:
		return IFACE_XDP_NONE;
	case XDP_ATTACHED_DRV:
		return IFACE_XDP_NATIVE;
	case XDP_ATTACHED_SKB:
		return IFACE_XDP_GENERIC;
	case XDP_ATTACHED_HW:
		return IFACE_XDP_OFFLOADED;
	default:
		return IFACE_XDP_SEVERAL;
	}
}

static void read_xdp(const struct nlattr *xdp, struct iface *iface)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xdp)
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_XDP_ATTACHED:
			iface->xdp = xdp_mode(mnl_attr_get_u8(attr));
			break;
		case IFLA_XDP_PROG_ID:
		case IFLA_XDP_DRV_PROG_ID:
		case IFLA_XDP_SKB_PROG_ID:
		case IFLA_XDP_HW_PROG_ID:
			iface->xdp_program = mnl_attr_get_u32(attr);
			break;
		}
	}
}

static int read_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	struct iface *iface = data;
	const struct nlattr *attr;

	iface->index = link->ifi_index;
	iface->flags = link->ifi_flags;
	iface->arphrd = link->ifi_type;
	mnl_attr_for_each(attr, message, sizeof(*link))
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_MTU:
			iface->mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == 6)
				memcpy(iface->mac, mnl_attr_get_payload(attr),
				       6);
			break;
		case IFLA_LINKINFO:
			read_kind(attr, iface);
			break;
		case IFLA_XDP:
			read_xdp(attr, iface);
			break;
		}
	}
	return MNL_CB_STOP;
}

int iface_read(const char *name, struct iface *ret_iface)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;
	struct iface iface = {};
	int err;

	if (!*name || strlen(name) >= sizeof(iface.name))
		return log_usage("interface \"%s\": expected a name of 1 to "
				 "%d characters",
				 name, IFNAMSIZ - 1);
	strcpy(iface.name, name);
	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST;
	link = mnl_nlmsg_put_extra_header(request, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	err = netlink_ask(NETLINK_ROUTE, request, read_link, &iface);
	if (err == -ENODEV)
		return log_usage("%s: no such interface in this network "
				 "namespace: ip link shows what there is",
				 name);
	if (err)
		return log_refused(err, "%s: cannot read the interface", name);
	*ret_iface = iface;
	return 0;
}

/* False if it may not be read; a program without name is called "?". */
static bool program_name(__u32 id, char name[BPF_OBJ_NAME_LEN])
{
	own(fd) int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	strcpy(name, "?");
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	if (*info.name)
		snprintf(name, BPF_OBJ_NAME_LEN, "%s", info.name);
	return true;
}

static bool is_synward(const char *program)
{
	return !strncmp(program, "sw_xdp", strlen("sw_xdp"));
}

/* In whichever mode it runs. */
static bool carries_synward(const struct nlattr *xdp)
{
	char name[BPF_OBJ_NAME_LEN];
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xdp)
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_XDP_PROG_ID:
		case IFLA_XDP_DRV_PROG_ID:
		case IFLA_XDP_SKB_PROG_ID:
			if (!program_name(mnl_attr_get_u32(attr), name) ||
			    is_synward(name))
				return true;
		}
	}
	return false;
}

static int find_synward(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *attr;
	const char *name = "";
	bool found = false;

	mnl_attr_for_each(attr, message, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == IFLA_XDP)
			found = carries_synward(attr);
	}
	if (found)
		snprintf(data, IFNAMSIZ, "%s", name);
	return MNL_CB_OK;
}

int iface_find_synward(char ret_name[IFNAMSIZ])
{
	char buffer[256], name[IFNAMSIZ];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;
	int err;

	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	link = mnl_nlmsg_put_extra_header(request, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	do { /* the list may change while it is read */
		*name = 0;
		err = netlink_ask(NETLINK_ROUTE, request, find_synward, name);
	} while (err == -EINTR);
	if (!err && !*name)
		err = -ENOENT;
	if (!err)
		strcpy(ret_name, name);
	return err;
}

struct carrier {
	__u32 program;
	bool found;
	char name[IFNAMSIZ];
};

static bool carries_program(const struct nlattr *xdp, __u32 program)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xdp)
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_XDP_PROG_ID:
		case IFLA_XDP_DRV_PROG_ID:
		case IFLA_XDP_SKB_PROG_ID:
			if (mnl_attr_get_u32(attr) == program)
				return true;
		}
	}
	return false;
}

static int read_carrier(const struct nlmsghdr *message, void *data)
{
	struct carrier *carrier = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			snprintf(carrier->name, IFNAMSIZ, "%s",
				 mnl_attr_get_str(attr));
		if (mnl_attr_get_type(attr) == IFLA_XDP)
			carrier->found =
				carries_program(attr, carrier->program);
	}
	return MNL_CB_STOP;
}

int iface_find_carrier(unsigned index, __u32 program, char name[IFNAMSIZ])
{
	struct carrier carrier = { .program = program };
	struct nlmsghdr *request;
	struct ifinfomsg *link;
	char buffer[256];
	int err;

	request = mnl_nlmsg_put_header(buffer);
	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST;
	link = mnl_nlmsg_put_extra_header(request, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	link->ifi_index = index;
	err = netlink_ask(NETLINK_ROUTE, request, read_carrier, &carrier);
	if (err == -ENODEV || (!err && !carrier.found))
		return -ENOENT;
	if (!err)
		strcpy(name, carrier.name);
	return err;
}

enum iface_refusal iface_refusal(const struct iface *iface)
{
	if (!strcmp(iface->name, SW_PIN_MAPS) ||
	    !strcmp(iface->name, SW_PIN_SECRET))
		return IFACE_RESERVED_NAME;
	if (iface->flags & IFF_LOOPBACK)
		return IFACE_LOOPBACK;
	if (!strcmp(iface->kind, "vlan"))
		return IFACE_VLAN;
	if (iface->arphrd != ARPHRD_ETHER)
		return IFACE_NO_ETHERNET;
	if (!(iface->flags & IFF_UP))
		return IFACE_DOWN;
	if (iface->xdp != IFACE_XDP_NONE)
		return IFACE_FOREIGN_XDP;
	return IFACE_SERVED;
}

static int refuse_foreign_xdp(const struct iface *iface)
{
	static const struct {
		const char *name, *ip; /* ip(8)'s word for this mode */
	} modes[] = {
		[IFACE_XDP_NATIVE] = { "native", "xdpdrv" },
		[IFACE_XDP_GENERIC] = { "generic", "xdpgeneric" },
		[IFACE_XDP_OFFLOADED] = { "offloaded", "xdpoffload" },
		[IFACE_XDP_SEVERAL] = { "several modes", "xdp" },
	};
	char name[BPF_OBJ_NAME_LEN];

	program_name(iface->xdp_program, name);
	if (is_synward(name))
		return log_refused(0,
				   "%s: another synward holds it (XDP program "
				   "id %u): detach it with the --pin-dir that "
				   "it was attached with",
				   iface->name, iface->xdp_program);
	return log_refused(0,
			   "%s: another XDP program is attached: id %u (%s), "
			   "%s: stop its owner, or ip link set dev %s %s off; "
			   "bpftool net shows it",
			   iface->name, iface->xdp_program, name,
			   modes[iface->xdp].name, iface->name,
			   modes[iface->xdp].ip);
}

int iface_refuse(const struct iface *iface, enum iface_refusal refusal)
{
	switch (refusal) {
	case IFACE_RESERVED_NAME:
		return log_usage("%s: an interface of this name cannot be "
				 "attached, synward's pins are called so: ip "
				 "link set dev %s name OTHER",
				 iface->name, iface->name);
	case IFACE_LOOPBACK:
		return log_unsupported("%s: is the loopback, where no flood "
				       "comes from: attach the interface that "
				       "faces the clients",
				       iface->name);
	case IFACE_VLAN:
		return log_unsupported("%s: is a VLAN device: attach its "
				       "parent, synward reads one tag in the "
				       "frame",
				       iface->name);
	case IFACE_NO_ETHERNET:
		return log_unsupported("%s: has no Ethernet header (tunnel, "
				       "WireGuard, PPP): attach the interface "
				       "that carries it",
				       iface->name);
	case IFACE_DOWN:
		return log_usage("%s: is down: ip link set dev %s up",
				 iface->name, iface->name);
	case IFACE_FOREIGN_XDP:
		return refuse_foreign_xdp(iface);
	case IFACE_SERVED:
		break;
	}
	return 0;
}
