// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether NAT is in use: nftables by netlink, old iptables by /proc. */
#include "nat.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"

#define LOOSE "/proc/sys/net/netfilter/nf_conntrack_tcp_loose"

static int each_chain(const struct nlmsghdr *message, void *found)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == NFTA_CHAIN_TYPE &&
		    !strcmp(mnl_attr_get_str(attr), "nat"))
			*(bool *)found = true;
	}
	return MNL_CB_OK;
}

/* What cannot be asked, as in a kernel without nftables, is not there. */
static bool nftables(void)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *wanted;
	bool found = false;

	request->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	wanted = mnl_nlmsg_put_extra_header(request, sizeof(*wanted));
	wanted->nfgen_family = AF_UNSPEC;
	wanted->version = NFNETLINK_V0;
	netlink_ask(NETLINK_NETFILTER, request, each_chain, &found);
	return found;
}

/* Does a line of the file say this? */
static bool file_says(const char *path, const char *what)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[64];

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strcmp(line, what);
	}
	fclose(file);
	return found;
}

bool nat_resets(void)
{
	return file_says(LOOSE, "1") &&
	       (nftables() || file_says("/proc/net/ip_tables_names", "nat") ||
		file_says("/proc/net/ip6_tables_names", "nat"));
}
