#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ports that are published: by DNAT to a container, as Docker does, or by a
# proxy. XDP sees a SYN before netfilter does. In the README.

load net
load talk

ctr4=198.51.100.2

# A container is a process in a network namespace of its own, behind srv.
setup_file()
{
	net_up
	start_container
	publish
	start_in_container 80 container
	# Docker's proxy for a published port, and others' servers
	start_server 8080 128 proxy
	start_server 9002 128 local
	start_server 9005 128 local
	"${in_atk[@]}" ip route add 203.0.113.0/24 via $srv4
}

setup()
{
	"${in_srv[@]}" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
	synward attach srv --mode always
}

# as it is unless somebody sets it
conntrack_loose()
{
	"${in_srv[@]}" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=1
}

teardown()
{
	talk_end_all
	synward detach srv --grace 0
}

teardown_file()
{
	net_down
}

in_container()
{
	nsenter "--net=/proc/$(cat "$stage/container")/ns/net" "$@"
}

start_container()
{
	"${in_srv[@]}" setpriv --pdeathsig TERM unshare --net sleep infinity \
		3>&- &
	echo $! >"$stage/container"
	remember_pid $!
	wait_for 5 own_namespace $!
	"${in_srv[@]}" ip link add ctr0 type veth peer name ctr1 netns $!
	"${in_srv[@]}" ip addr add 198.51.100.1/24 dev ctr0
	"${in_srv[@]}" ip link set ctr0 up
	"${in_srv[@]}" sysctl -qw net.ipv4.ip_forward=1
	in_container ip link set lo up
	in_container ip addr add $ctr4/24 dev ctr1
	in_container ip link set ctr1 up
	in_container ip route add default via 198.51.100.1
}

own_namespace()
{
	[ "$(readlink "/proc/$1/ns/net")" != \
		"$("${in_srv[@]}" readlink /proc/self/ns/net)" ]
}

start_in_container()
{
	in_container setpriv --pdeathsig TERM /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/server.py" "$1" 128 "$2" >/dev/null 2>&1 3>&- &
	remember_pid $!
	wait_for 10 container_listens "$1"
}

container_listens()
{
	[ -n "$(in_container ss -Hltn "sport = :$1")" ]
}

publish()
{
	"${in_srv[@]}" nft -f - <<-END
	table ip nat {
		chain prerouting {
			type nat hook prerouting priority dstnat
			ip daddr 203.0.113.5 tcp dport 9002 dnat to $ctr4:80
			fib daddr type local tcp dport { 8080, 9001 } \
				dnat to $ctr4:80
			tcp dport 9004 redirect to :9005
		}
	}
	END
}

# reaches TEXT ADDRESS PORT: a client is greeted so, and its bytes are counted
reaches()
{
	client client "$2" "$3"
	[ "$(ask client hear 10)" = "$1" ]
	[ "$(ask client send 6000)" = acknowledged ]
	[ "$(ask client finish)" = 6000 ]
}

@test "a port that DNAT gives to a container, no listener here: clients get there" {
	reaches container $srv4 9001
	counted syn_no_listener 1
	[ "$(counter syn_answered)" = 0 ]
}

@test "an address that DNAT gives to a container: clients get past our listener on that port" {
	reaches container 203.0.113.5 9002
	counted foreign_address 1
	[ "$(counter syn_answered)" = 0 ]
	reaches local $srv4 9002
	[ "$(counter syn_answered)" = 1 ]
}

@test "a redirected port without a listener: clients get to the other port's" {
	reaches local $srv4 9004
	[ "$(counter syn_answered)" = 0 ]
	reaches local $srv4 9005
	[ "$(counter syn_answered)" = 1 ]
}

@test "DNAT beside a proxy that listens: challenged clients get to the proxy" {
	reaches proxy $srv4 8080
	[ "$(counter syn_answered)" = 1 ]
	synward mode off
	reaches container $srv4 8080
}

@test "DNAT beside a proxy that listens: adaptive, to the container, in a flood to the proxy" {
	synward mode adaptive
	reaches container $srv4 8080
	[ "$(counter syn_answered)" = 0 ]
	start_flood 50000 5
	wait_for 5 counted syn_answered 1000
	reaches proxy $srv4 8080
	wait $flood_pid
}

@test "DNAT beside a proxy that listens: conntrack loose, to the container" {
	conntrack_loose
	reaches container $srv4 8080
	[ "$(counter syn_answered)" = 0 ]
	counted syn_nat 1
}

@test "DNAT beside a proxy that listens: --port leaves it out" {
	synward detach srv --grace 0
	synward attach srv --mode always --port 9005
	reaches container $srv4 8080
	[ "$(counter syn_answered)" = 0 ]
}

warned()
{
	synward status | grep -q "^warning: .*nf_conntrack_tcp_loose=0"
}

@test "NAT and conntrack loose: nobody is challenged, attach and status warn, and the cure cures" {
	run warned
	[ "$status" != 0 ]
	conntrack_loose
	warned
	synward -j status | jq -e .nat_resets
	synward detach srv --grace 0
	run synward attach srv --mode always
	[[ $output == *warning*nf_conntrack_tcp_loose=0* ]]
	reaches local $srv4 9005
	[ "$(counter syn_nat)" = 1 ]
	[ "$(counter syn_answered)" = 0 ]
	# seen at once
	"${in_srv[@]}" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
	wait_for 5 answered_more_than 0
}

answered_more_than()
{
	reaches local $srv4 9005 && talk_end client &&
		[ "$(counter syn_answered)" -gt "$1" ]
}

@test "NAT and conntrack loose: why, and --despite-nat" {
	conntrack_loose
	synward detach srv --grace 0
	run synward attach srv --mode always --despite-nat
	[[ $output != *warning* ]]
	synward -j status | jq -e '.despite_nat and (.nat_resets | not)'
	resets=$(resets_sent)
	client client $srv4 9005 || true
	[ "$(counter tc_socket_made)" = 1 ]
	wait_for 5 more_resets_than "$resets"
}

@test "NAT that comes and goes is seen" {
	conntrack_loose
	"${in_srv[@]}" nft delete table ip nat
	wait_for 5 answered_more_than 0
	publish
	before=$(counter syn_answered)
	reaches local $srv4 9005
	[ "$(counter syn_answered)" = "$before" ]
	counted syn_nat 1
}

more_resets_than()
{
	[ "$(resets_sent)" -gt "$1" ]
}

resets_sent()
{
	"${in_srv[@]}" nstat -asz TcpOutRsts | awk '/TcpOutRsts/ { print $2 }'
}

@test "NAT and conntrack loose: ports that it does not track are served" {
	conntrack_loose
	synward detach srv --grace 0
	synward attach srv --mode always --despite-nat
	"${in_srv[@]}" nft -f - <<-END
	table inet untracked {
		chain in {
			type filter hook prerouting priority raw
			tcp dport 9005 notrack
		}
		chain out {
			type filter hook output priority raw
			tcp sport 9005 notrack
		}
	}
	END
	reaches local $srv4 9005
	[ "$(counter syn_answered)" = 1 ]
	"${in_srv[@]}" nft delete table inet untracked
}

# start_proxy FROM TO: in user space, to the container
start_proxy()
{
	"${in_srv[@]}" setpriv --pdeathsig TERM /usr/bin/python3 - "$@" \
		>/dev/null 2>&1 3>&- <<-'END' &
	import socket, sys, threading
	def pump(source, sink):
	    while data := source.recv(65536):
	        sink.sendall(data)
	    sink.shutdown(socket.SHUT_WR)
	listener = socket.create_server(("", int(sys.argv[1])))
	while True:
	    client, _ = listener.accept()
	    server = socket.create_connection((sys.argv[2], 80))
	    for pair in (client, server), (server, client):
	        threading.Thread(target=pump, args=pair, daemon=True).start()
	END
	remember_pid $!
	wait_for 10 netns_listens "$1"
}

@test "a port that a proxy publishes without DNAT is protected, and served" {
	start_proxy 9006 $ctr4
	reaches container $srv4 9006
	[ "$(counter syn_answered)" = 1 ]
	[ "$(counter tc_socket_made)" = 1 ]
}
