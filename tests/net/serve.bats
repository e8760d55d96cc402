#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real clients of real servers while every SYN is challenged.

load net
load talk

setup_file()
{
	net_up
	netns_nginx 80
	remember_pid "$nginx_pid"
	head -c 5000000 /dev/urandom >"$stage/www/5mb"
	start_server 8080
	start_sshd
	start_iperf3
	synward attach srv --mode always
}

teardown_file()
{
	net_down
}

start_sshd()
{
	ssh-keygen -q -t ed25519 -N '' -f "$stage/host"
	ssh-keygen -q -t ed25519 -N '' -f "$stage/user"
	install -d -m 0755 /run/sshd
	"${in_srv[@]}" setpriv --pdeathsig TERM /usr/sbin/sshd -D -e \
		-f /dev/null -p 22 -h "$stage/host" -o PidFile=none \
		-o "AuthorizedKeysFile=$stage/user.pub" -o StrictModes=no \
		-o UsePAM=no -o PermitRootLogin=yes >"$stage/sshd" 2>&1 3>&- &
	remember_pid $!
	wait_for 10 netns_listens 22
}

start_iperf3()
{
	"${in_srv[@]}" setpriv --pdeathsig TERM iperf3 --server \
		>"$stage/iperf3" 2>&1 3>&- &
	remember_pid $!
	wait_for 10 netns_listens 5201
}

# fetch URL: 5 MB, equal to what the server has
fetch()
{
	"${in_atk[@]}" curl --silent --fail --max-time 30 "$1" |
		cmp - "$stage/www/5mb"
}

@test "curl fetches 5 MB" {
	fetch http://$srv4/5mb
}

@test "curl fetches 5 MB over IPv6" {
	fetch "http://[$srv6]/5mb"
}

@test "curl uploads 5 MB" {
	[ "$(count_bytes $srv4 5000000)" = 5000000 ]
	[ "$(count_bytes $srv6 5000000)" = 5000000 ]
}

ssh_login()
{
	"${in_atk[@]}" ssh -q -F none -i "$stage/user" -o BatchMode=yes \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o ConnectTimeout=10 "root@$srv4" true
}

@test "ssh logs in: the server speaks first" {
	ssh_login
}

@test "ssh logs in though its ACK is lost: the client speaks, too" {
	cable drop:ack
	ssh_login
	[ "$(hear cable)" = "drop ack" ]
	talk_end cable
}

@test "iperf3 runs both ways" {
	"${in_atk[@]}" iperf3 --client $srv4 --bytes 200M
	"${in_atk[@]}" iperf3 --client $srv4 --bytes 200M --reverse
}

@test "a client without timestamps is served" {
	"${in_atk[@]}" sysctl -qw net.ipv4.tcp_timestamps=0
	fetch http://$srv4/5mb
	fetch "http://[$srv6]/5mb"
	"${in_atk[@]}" sysctl -qw net.ipv4.tcp_timestamps=1
}

# negotiated ADDRESS: what the client's socket says of its connection
negotiated()
{
	"${in_atk[@]}" bash -c "
		exec 3<>/dev/tcp/$1/8080
		ss -tinoHO state established 'dport = :8080'" |
		grep -oE ' (ts|sack|ecn|ecnseen|wscale:[0-9,]*|advmss:[0-9]*)' |
		sort | tr -d '\n'
}

@test "options of a connection are those of a handshake with the kernel" {
	"${in_atk[@]}" sysctl -qw net.ipv4.tcp_ecn=1
	for address in $srv4 $srv6; do
		synward mode off
		kernel=$(negotiated $address)
		synward mode always
		[ "$(negotiated $address)" = "$kernel" ]
		[[ $kernel == *ecn* && $kernel == *sack* && $kernel == *ts* ]]
	done
	"${in_atk[@]}" sysctl -qw net.ipv4.tcp_ecn=2
}

@test "a closed port answers with RST" {
	run raw_client_port 81
	[ "$output" = RA ]
}

raw_client_port()
{
	raw_env=("RAW_PORT=$1")
	raw_client syn
}

@test "a foreign destination behind a wildcard listener is not answered" {
	before=$(counter foreign_address)
	raw_env=(RAW_DST=198.51.100.1)
	[ "$(raw_client syn)" = - ]
	counted foreign_address $((before + 1))
}

@test "a frame for a foreign MAC is not answered" {
	before=$(counter foreign_mac)
	raw_env=(RAW_MAC=02:00:00:00:00:99)
	[ "$(raw_client syn)" = - ]
	counted foreign_mac $((before + 1))
}

@test "an address that comes is served, one that went is not" {
	"${in_srv[@]}" ip addr add 192.0.2.8/24 dev srv
	raw_env=(RAW_DST=192.0.2.8)
	before=$(counter syn_answered)
	[ "$(raw_client syn)" = SA ]
	counted syn_answered $((before + 1))
	"${in_srv[@]}" ip addr del 192.0.2.8/24 dev srv
	before=$(counter foreign_address)
	[ "$(raw_client syn)" = - ]
	counted foreign_address $((before + 1))
}

@test "programs behind ours on the interface see cookie ACKs" {
	"${in_srv[@]}" tc qdisc add dev srv clsact
	bpftool prog load "$tools/seen.bpf.o" "$pins/seen"
	"${in_srv[@]}" tc filter add dev srv ingress bpf direct-action \
		object-pinned "$pins/seen"
	made=$(counter tc_socket_made)
	count_bytes $srv4 100
	counted tc_socket_made $((made + 1))
	seen=$(bpftool -j map dump name seen_packets | jq '.[0].formatted.value')
	# the ACK, the data, the FIN, the last ACK
	[ "$seen" -ge 3 ]
	"${in_srv[@]}" tc qdisc del dev srv clsact
	rm "$pins/seen"
}

driver_packets()
{
	"${in_srv[@]}" ethtool -S srv | sed -n 's/.*_xdp_packets: //p'
}

# How many packets the driver counted beyond the sum of our reasons: some came
# before attach. 1 if a packet came while we looked.
quiet_difference()
{
	local driver sum

	driver=$(driver_packets)
	sum=$(synward -j stats | jq '[.xdp.reasons[].value] | add')
	[ "$(driver_packets)" = "$driver" ] || return 1
	echo $((driver - sum)) >"$stage/difference"
}

@test "the reasons of XDP add up to the packets that the driver saw" {
	wait_for 5 quiet_difference
	difference=$(cat "$stage/difference")
	driver=$(driver_packets)
	start_flood 20000 2
	count_bytes $srv4 1000000
	wait $flood_pid
	wait_for 5 quiet_difference
	[ $(($(driver_packets) - driver)) -gt 40000 ]
	[ "$(cat "$stage/difference")" = "$difference" ]
	[ "$(counter without_reason)" = 0 ]
}
