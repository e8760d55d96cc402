#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One segment of a handshake is lost, late, doubled or out of order, between
# real kernels, while every SYN is challenged.

load net
load talk

setup_file()
{
	net_up
	# the cable holds frames, not what becomes frames below it
	"${in_atk[@]}" ip link set dev atk gso_max_segs 1
	start_server 8080
	start_server 8081 128 hello
	synward attach srv --mode always
}

# whatever a test that failed has left
setup()
{
	synward mode always
	"${in_atk[@]}" sysctl -qw net.ipv4.tcp_timestamps=1
}

teardown()
{
	talk_end_all
}

teardown_file()
{
	net_down
}

resets_sent()
{
	"${in_srv[@]}" nstat -asz TcpOutRsts | awk '/TcpOutRsts/ { print $2 }'
}

# begin, one_connection: between them one was made, and nobody was reset
begin()
{
	made=$(counter tc_socket_made)
	resets=$(resets_sent)
}

one_connection()
{
	[ $(($(counter tc_socket_made) - made)) = 1 ]
	[ "$(resets_sent)" = "$resets" ]
}

# connects SAID RULE...: in either family a client that speaks first is served
# over such a cable, and the cable says what it did
connects()
{
	local said=$1 address

	shift
	for address in $srv4 $srv6; do
		begin
		cable "$@"
		[ "$(count_bytes $address 6000)" = 6000 ]
		[ "$(hear cable)" = "$said" ]
		one_connection
	done
}

@test "a lost SYN: the client connects" {
	connects "drop syn" drop:syn
}

@test "a lost SYN-ACK: the retransmitted SYN is answered, and the client connects" {
	before=$(counter syn_answered)
	connects "drop synack" drop:synack
	[ $(($(counter syn_answered) - before)) = 4 ]
}

@test "a lost ACK followed by data: the data open the connection" {
	connects "drop ack" drop:ack
}

@test "a lost ACK followed by lost data: their retransmission opens it" {
	connects "drop ack" drop:ack drop:data
	[ "$(hear cable)" = "drop data" ]
}

@test "a lost ACK of a client without timestamps: the data open the connection" {
	"${in_atk[@]}" sysctl -qw net.ipv4.tcp_timestamps=0
	connects "drop ack" drop:ack
}

@test "a lost ACK followed by FIN: the FIN opens the connection" {
	for address in $srv4 $srv6; do
		begin
		cable drop:ack
		[ "$(count_bytes $address 0)" = 0 ]
		[ "$(hear cable)" = "drop ack" ]
		one_connection
	done
}

@test "a duplicated ACK: one connection" {
	connects "twice ack" twice:ack
}

@test "a duplicated SYN: one connection" {
	connects "twice syn" twice:syn
}

@test "duplicated data that opened the connection: they arrive once" {
	connects "drop ack" drop:ack twice:data
	[ "$(hear cable)" = "twice data" ]
}

# late KIND: the segment of that kind comes when the connection has data
late()
{
	local address

	for address in $srv4 $srv6; do
		begin
		cable "hold:$1"
		client client $address 8080
		[ "$(hear cable)" = "hold $1" ]
		[ "$(ask client send 6000)" = acknowledged ]
		tell cable go
		[ "$(ask client send 1000)" = acknowledged ]
		[ "$(ask client finish)" = 7000 ]
		one_connection
	done
}

@test "an ACK that comes behind its data: one connection, every byte once" {
	late ack
}

@test "a SYN that comes after the connection that its retransmission made" {
	late syn
}

@test "a retransmitted SYN gets the same sequence number" {
	[ "$(raw_client resyn)" = same ]
	raw_env=("${raw_env6[@]}")
	[ "$(raw_client resyn)" = same ]
}

# The server speaks first and the ACK is lost: nobody knows of the connection
# but the client. In the README.

# deaf ADDRESS OPTION...: a client of the server that greets, its ACK lost
deaf()
{
	cable drop:ack
	client client "$1" 8081 "${@:2}"
	[ "$(hear cable)" = "drop ack" ]
}

@test "a server that speaks first, the ACK lost: the client's first byte opens" {
	for address in $srv4 $srv6; do
		begin
		deaf $address
		[ "$(ask client hear 1.5)" = silence ]
		[ "$(counter tc_socket_made)" = "$made" ]
		[ "$(ask client send 1)" = acknowledged ]
		[ "$(ask client hear 10)" = hello ]
		one_connection
	done
}

@test "a server that speaks first, the ACK lost: a client that closes is told all" {
	begin
	deaf $srv4
	[ "$(ask client finish)" = hello0 ]
	one_connection
}

@test "a server that speaks first, the ACK lost: keepalive ends the wait" {
	for address in $srv4 $srv6; do
		begin
		deaf $address --keepalive 1
		[ "$(ask client hear 15)" = ETIMEDOUT ]
		[ "$(counter tc_socket_made)" = "$made" ]
	done
}

@test "a server that speaks first, the ACK lost, no challenge: the kernel mends it" {
	synward mode off
	deaf $srv4
	[ "$(ask client hear 10)" = hello ]
}
