// SPDX-License-Identifier: GPL-2.0-or-later
/* Who listens on TCP in this network namespace. */
#include "listeners.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "netlink.h"

#define TCP_STATE_LISTEN 10 /* <netinet/tcp.h> and <linux/tcp.h> do not mix */

static bool is_loopback(const struct inet_diag_msg *socket)
{
	const struct in6_addr *v6 = (const void *)socket->id.idiag_src;

	if (socket->idiag_family == AF_INET)
		return ntohl(socket->id.idiag_src[0]) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(v6) ||
	       (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == IN_LOOPBACKNET);
}

static int each_socket(const struct nlmsghdr *message, void *data)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);

	if (!is_loopback(socket))
		ports_add(data, ntohs(socket->id.idiag_sport));
	return MNL_CB_OK;
}

static int read_family(int family, struct ports *ports)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *wanted;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	wanted = mnl_nlmsg_put_extra_header(request, sizeof(*wanted));
	wanted->sdiag_family = family;
	wanted->sdiag_protocol = IPPROTO_TCP;
	wanted->idiag_states = 1 << TCP_STATE_LISTEN;
	return netlink_ask(NETLINK_SOCK_DIAG, request, each_socket, ports);
}

int listeners_read(struct ports *ret_ports)
{
	struct ports ports = {};
	int err = read_family(AF_INET, &ports) ?: read_family(AF_INET6, &ports);

	if (!err)
		*ret_ports = ports;
	return err;
}
