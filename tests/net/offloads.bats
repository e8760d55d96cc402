#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What network cards and veth do with checksums and segments, and XDP in either
# mode. net_up has turned the client's TX checksum offload off; here it is on,
# which makes checksums partial and segments big (TSO).

load net

setup()
{
	net_up
	"${in_atk[@]}" ethtool -K atk tx on tso on gso on >/dev/null
	features
	start_server 8080
}

teardown()
{
	net_down
}

# What the sender has now is what is tested.
features()
{
	"${in_atk[@]}" ethtool -k atk >"$stage/features"
	grep -q '^tx-checksumming: on' "$stage/features"
	grep -q '^tcp-segmentation-offload: on' "$stage/features"
}

# bad_checksums NAMESPACE...: that its TCP has seen
bad_checksums()
{
	"$@" nstat -asz TcpInCsumErrors | awk '/TcpInCsumErrors/ { print $2 }'
}

# served ADDRESS BYTES: they all arrive through a socket that a cookie opened,
# and neither end has seen a bad checksum
served()
{
	local made

	made=$(counter tc_socket_made)
	[ "$(count_bytes "$1" "$2")" = "$2" ]
	[ "$(counter tc_socket_made)" = $((made + 1)) ]
	[ "$(bad_checksums "${in_srv[@]}")" = 0 ]
	[ "$(bad_checksums "${in_atk[@]}")" = 0 ]
}

# all_served: a small client and a big one, over both IPs
all_served()
{
	for address in $srv4 $srv6; do
		served $address 100
		served $address 1000000
	done
	[ "$(counter tc_no_child)" = 0 ]
	[ "$(counter ack_bad)" = 0 ]
}

@test "native: partial checksums and big sends right behind the ACK arrive" {
	synward attach srv --mode always --xdp native
	all_served
}

@test "native: the SYN-ACK to a SYN with a partial checksum is right on the wire" {
	synward attach srv --mode always --xdp native
	wire_checksum
}

# wire_checksum: for both IPs, with the checksums of the answer reckoned anew
wire_checksum()
{
	for address in $srv4 $srv6; do
		"${in_atk[@]}" /usr/bin/python3 - "$address" <<-'END'
		import socket, sys
		from scapy.all import IP, TCP, Ether, IPv6, conf, raw
		conf.verb = 0
		wire = conf.L2socket(iface="atk")
		family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
		s = socket.socket(family)
		s.settimeout(10)
		s.connect((sys.argv[1], 8080))
		while True:
		    answer = wire.recv()
		    if answer and TCP in answer and answer[TCP].sport == 8080 \
		            and answer[TCP].flags == "SA":
		        break
		anew = answer.copy()
		del anew[TCP].chksum
		if IP in anew:
		    del anew[IP].chksum
		assert raw(anew) == raw(answer), (anew.show2(), answer.show())
		END
	done
}

@test "native, the server's GRO off: as with it" {
	"${in_srv[@]}" ethtool -K srv gro off
	synward attach srv --mode always --xdp native
	all_served
	raw_client batch 6000 --fin
}

@test "generic: partial checksums and big sends right behind the ACK arrive" {
	synward attach srv --mode always --xdp generic
	all_served
}

# Without GRO and without native XDP veth has no NAPI, and nothing can come in
# one batch.
@test "generic, the server's GRO off: as with it" {
	"${in_srv[@]}" ethtool -K srv gro off
	synward attach srv --mode always --xdp generic
	all_served
}

# In one run of NAPI: the ACK and 30 segments. GRO merges segments only if their
# metadata is the same; and none at all where XDP is generic.
@test "native, GRO on: 42,000 bytes in the ACK's batch keep their marks" {
	"${in_srv[@]}" ethtool -K srv gro on
	synward attach srv --mode always --xdp native
	gro_keeps_marks
}

@test "generic, GRO on: 42,000 bytes in the ACK's batch keep their marks" {
	"${in_srv[@]}" ethtool -K srv gro on
	synward attach srv --mode always --xdp generic
	gro_keeps_marks
}

gro_keeps_marks()
{
	raw_client batch 42000 --fin
	[ "$(counter tc_socket_made)" = 1 ]
	[ "$(counter tc_no_child)" = 0 ]
	# who was marked in XDP was so in TC, too
	[ "$(counter tc_looped)" -ge 1 ]
	[ "$(counter tc_looped)" -le "$(counter ack_follows)" ]
}

# far_client: in a namespace of its own ("${in_far[@]}") behind the attacker's,
# which routes to it by a cable that leaves no checksum to anybody else
far_client()
{
	unshare --net setpriv --pdeathsig TERM sleep infinity 3>&- &
	far=$!
	remember_pid $far
	in_far=(nsenter "--net=/proc/$far/ns/net")
	wait_for 5 apart
	"${in_atk[@]}" ip link add near type veth peer name far netns $far
	"${in_atk[@]}" ethtool -K near tx off >/dev/null
	"${in_atk[@]}" ip addr add 198.51.100.1/24 dev near
	"${in_atk[@]}" ip link set near up
	"${in_atk[@]}" sysctl -qw net.ipv4.ip_forward=1
	"${in_far[@]}" ip addr add 198.51.100.2/24 dev far
	"${in_far[@]}" ip link set far up
	# an address that the attacker's XDP program takes for a client's
	"${in_far[@]}" ip addr add 192.0.2.200/32 dev far
	"${in_far[@]}" ip route add default via 198.51.100.1 src 192.0.2.200
	"${in_atk[@]}" ip route add 192.0.2.200/32 dev near
	"${in_srv[@]}" ip neigh replace 192.0.2.200 lladdr $atk_mac dev srv \
		nud permanent
}

apart()
{
	[ "$(readlink "/proc/$far/ns/net")" != "$(readlink /proc/$$/ns/net)" ]
}

# far_served: as served, for the client behind the router
far_served()
{
	in_atk=("${in_far[@]}")
	served $srv4 6000
}

@test "native: the answer to a partial checksum survives a router" {
	far_client
	synward attach srv --mode always --xdp native
	far_served
}

# The kernel sends back the skb that came: its checksum is finished on the way.
@test "generic: the answer to a partial checksum survives a router" {
	far_client
	synward attach srv --mode always --xdp generic
	far_served
}
