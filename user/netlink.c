// SPDX-License-Identifier: GPL-2.0-or-later
/* One netlink request and its answers, by libmnl. */
#include "netlink.h"

#include <errno.h>

static int receive(struct mnl_socket *socket, mnl_cb_t each, void *data)
{
	unsigned port = mnl_socket_get_portid(socket);
	char buffer[32768]; /* what MNL_SOCKET_DUMP_SIZE recommends */
	ssize_t len;
	int more;

	do {
		len = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (len < 0)
			return -errno;
		more = mnl_cb_run(buffer, len, 0, port, each, data);
		if (more < 0)
			return -errno;
	} while (more > 0);
	return 0;
}

int netlink_ask(int bus, struct nlmsghdr *request, mnl_cb_t each, void *data)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int err;

	if (!socket)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		err = -errno;
	else
		err = receive(socket, each, data);
	mnl_socket_close(socket);
	return err;
}
