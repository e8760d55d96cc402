#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Listeners of every kind, while SYNs are challenged.

load net
load talk

setup_file()
{
	net_up
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_fastopen=3
	"${in_atk[@]}" sysctl -qw net.ipv4.tcp_fastopen=3
	synward attach srv --mode always
}

setup()
{
	synward mode always
}

teardown()
{
	talk_end_all
}

teardown_file()
{
	net_down
}

# client_of ADDRESS [OPTION...]: connects to port 8080, and is challenged
client_of()
{
	local made

	made=$(counter tc_socket_made)
	client client "$1" 8080 "${@:2}"
	wait_for 5 counted tc_socket_made $((made + 1))
}

# served PEER NAME: the client's connection has come to this listener, and data
# go both ways
served()
{
	[ "$(ask "$2" accept 10)" = "$1" ]
	[ "$(ask client send 6000)" = acknowledged ]
	[ "$(ask "$2" read 6000)" = 6000 ]
	[ "$(ask "$2" say 6000)" = acknowledged ]
}

# syn_flags: what a SYN is answered with; "-" is silence
syn_flags()
{
	raw_client syn
}

# ---- families and devices ----------------------------------------------

@test "a dual-stack listener serves clients of either family" {
	listener one 8080
	client_of $srv4
	served ::ffff:$atk4 one
	client_of $srv6
	served $atk6 one
}

@test "an IPv4 listener serves IPv4, and IPv6 finds the port closed" {
	listener one 8080 --family 4
	client_of $srv4
	served $atk4 one
	raw_env=("${raw_env6[@]}")
	[ "$(syn_flags)" = RA ]
}

@test "an IPv6-only listener serves IPv6, and IPv4 finds the port closed" {
	listener one 8080 --family 6
	client_of $srv6
	served $atk6 one
	[ "$(syn_flags)" = RA ]
}

@test "a listener bound to our device is served" {
	listener one 8080 --device srv
	client_of $srv4
	served ::ffff:$atk4 one
	client_of $srv6
	served $atk6 one
}

@test "a listener bound to another device: the port is closed here" {
	listener one 8080 --device lo
	[ "$(syn_flags)" = RA ]
	raw_env=("${raw_env6[@]}")
	[ "$(syn_flags)" = RA ]
}

@test "of two listeners bound to devices ours gets the connection" {
	listener other 8080 --device lo
	listener ours 8080 --device srv
	for _ in 1 2 3; do
		client_of $srv4
		served ::ffff:$atk4 ours
	done
}

# ---- SO_REUSEPORT ------------------------------------------------------

# which_answer: of twenty source ports those whose SYN is answered
which_answer()
{
	raw_client syns 20
}

@test "SO_REUSEPORT: only the member whose accept queue is full is silent" {
	listener full 8080 --reuseport --backlog 0
	listener room 8080 --reuseport
	while [ "$(accept_queue 0)" != 1 ]; do
		client client $srv4 8080
	done
	challenged=$(which_answer)
	synward mode off
	[ "$(which_answer)" = "$challenged" ]
	# neither all nor none
	[ "$(wc -w <<<"$challenged")" -gt 0 ]
	[ "$(wc -w <<<"$challenged")" -lt 20 ]
}

# accept_queue BACKLOG: how many wait at the listener that has this one
accept_queue()
{
	"${in_srv[@]}" ss -Hltn "sport = :8080" |
		awk -v backlog="$1" '$3 == backlog { print $2 }'
}

@test "SO_REUSEPORT: members share the clients of a challenge" {
	listener one 8080 --reuseport
	listener two 8080 --reuseport
	made=$(counter tc_socket_made)
	"${in_atk[@]}" bash -c "for _ in {1..30}; do
		exec {connection}<>/dev/tcp/$srv4/8080
	done"
	wait_for 5 counted tc_socket_made $((made + 30))
	[ "$(ask one accept 5)" = ::ffff:$atk4 ]
	[ "$(ask two accept 5)" = ::ffff:$atk4 ]
}

# ---- backlogs ----------------------------------------------------------

@test "listen(0) serves one client at a time, in every mode" {
	for mode in always adaptive; do
		synward mode $mode
		listener one 8080 --backlog 0
		for address in $srv4 $srv6; do
			client client $address 8080
			[ "$(ask one accept 10)" != nobody ]
			[ "$(ask client send 6000)" = acknowledged ]
		done
	done
}

@test "a full accept queue: silence, and the client is served when there is room" {
	listener one 8080 --backlog 0
	client_of $srv4
	[ "$(syn_flags)" = - ]
	talk_start late "${in_atk[@]}" setpriv --pdeathsig TERM \
		/usr/bin/python3 "$BATS_TEST_DIRNAME/client.py" $srv4 8080
	before=$(counter syn_accept_full)
	wait_for 10 counted syn_accept_full $((before + 1))
	[ "$(ask one accept 5)" = ::ffff:$atk4 ]
	[ "$(hear late)" = connected ]
	[ "$(ask one accept 5)" = ::ffff:$atk4 ]
	[ "$(ask late send 100)" = acknowledged ]
}

@test "a second listen() with a larger backlog makes room in the accept queue" {
	listener one 8080 --backlog 0
	client_of $srv4
	[ "$(syn_flags)" = - ]
	[ "$(ask one listen 16)" = listening ]
	[ "$(syn_flags)" = SA ]
	client_of $srv4
}

@test "a second listen() with a smaller backlog moves start with it" {
	synward mode adaptive
	listener one 8080 --backlog 128
	fill_half_open 8
	calm=$(counter syn_calm)
	[ "$(syn_flags)" = SA ]
	counted syn_calm $((calm + 1))
	[ "$(ask one listen 8)" = listening ]
	answered=$(counter syn_answered)
	[ "$(syn_flags)" = SA ]
	counted syn_answered $((answered + 1))
}

# fill_half_open N: so many SYNs that nobody goes on with
fill_half_open()
{
	[ "$(raw_client syns "$1" | wc -w)" = "$1" ]
	[ "$("${in_srv[@]}" ss -Hnt state syn-recv | wc -l)" -ge "$1" ]
}

# ---- closed and opened -------------------------------------------------

@test "a listener closed and opened again under flood is served when it is open" {
	listener one 8080 --family 4
	for mode in always adaptive always adaptive; do
		synward mode $mode
		start_flood 20000 20
		before=$(counter syn_answered)
		wait_for 5 counted syn_answered $((before + 1000))
		client client $srv4 8080
		served $atk4 one
		talk_end client
		[ "$(ask one close)" = closed ]
		wait_for 5 refused
		[ "$(ask one open)" = listening ]
		client client $srv4 8080
		served $atk4 one
		kill $flood_pid
		wait $flood_pid || true
	done
}

refused()
{
	! "${in_atk[@]}" bash -c "exec 3<>/dev/tcp/$srv4/8080" 2>/dev/null
}

@test "a cookie whose listener was opened again meanwhile opens a connection" {
	listener one 8080 --family 4
	cable hold:ack
	client client $srv4 8080
	[ "$(hear cable)" = "hold ack" ]
	[ "$(ask one close)" = closed ]
	[ "$(ask one open)" = listening ]
	tell cable go
	served $atk4 one
}

@test "a cookie whose listener has closed is reset by the kernel" {
	listener one 8080 --family 4
	cable hold:ack
	client client $srv4 8080
	[ "$(hear cable)" = "hold ack" ]
	[ "$(ask one close)" = closed ]
	tell cable go
	[ "$(ask client hear 10)" = ECONNRESET ]
}

# ---- options of sockets ------------------------------------------------

@test "TCP_DEFER_ACCEPT: accepted without data while challenged, as with SYN cookies" {
	listener one 8080 --defer 10
	client_of $srv4
	served ::ffff:$atk4 one
	# the kernel's own handshake waits for data
	synward mode off
	client client $srv4 8080
	[ "$(ask one accept 1)" = nobody ]
	[ "$(ask client send 6000)" = acknowledged ]
	[ "$(ask one accept 5)" = ::ffff:$atk4 ]
}

@test "TCP_FASTOPEN: a client that asks for a cookie falls back to plain TCP" {
	listener one 8080 --fastopen 16
	client_of $srv4 --fastopen 100
	[ "$(ask one accept 10)" = ::ffff:$atk4 ]
	[ "$(ask one read 100)" = 100 ]
}

@test "TCP_FASTOPEN: data in the SYN arrive once, by retransmission" {
	listener one 8080 --fastopen 16
	# the client's kernel gets a cookie, and uses it
	synward mode off
	client client $srv4 8080 --fastopen 100
	[ "$(ask one accept 10)" = ::ffff:$atk4 ]
	accepted=$(fastopens)
	client client $srv4 8080 --fastopen 100
	[ "$(ask one accept 10)" = ::ffff:$atk4 ]
	[ "$(fastopens)" = $((accepted + 1)) ]
	synward mode always
	client_of $srv4 --fastopen 100
	[ "$(ask one accept 10)" = ::ffff:$atk4 ]
	[ "$(ask client send 100)" = acknowledged ]
	talk_end client
	[ "$(ask one read 1000)" = 200 ]
	[ "$(fastopens)" = $((accepted + 1)) ]
}

# connections that began with data in the SYN
fastopens()
{
	"${in_srv[@]}" nstat -asz TcpExtTCPFastOpenPassive |
		awk '/Passive/ { print $2 }'
}

# ---- signed segments ---------------------------------------------------

@test "TCP-MD5: a peer with the key is served by the kernel while others are challenged" {
	listener one 8080 --family 4 --md5 $atk4 secret
	made=$(counter tc_socket_made)
	signed=$(counter syn_signed)
	client client $srv4 8080 --md5 secret
	served $atk4 one
	counted syn_signed $((signed + 1))
	[ "$(counter tc_socket_made)" = "$made" ]
	# one for whom there is no key: as at any listener
	raw_client batch 100
	[ "$(ask one accept 5)" = 192.0.2.77 ]
}

@test "TCP-MD5: a peer with another key, or none, gets no connection" {
	listener one 8080 --family 4 --md5 $atk4 secret
	for key in "--md5 wrong" ""; do
		# shellcheck disable=SC2086 # words
		talk_start client "${in_atk[@]}" setpriv --pdeathsig TERM \
			/usr/bin/python3 "$BATS_TEST_DIRNAME/client.py" \
			--timeout 2 $key $srv4 8080
		word=$(hear client)
		# without a key it may believe that it is connected
		[ "$word" = timeout ] || [ -z "$key" ]
		[ "$(ask one accept 1)" = nobody ]
		talk_end client
	done
}

@test "TCP-MD5: a signed SYN to a listener without keys is dropped, as the kernel would" {
	listener one 8080 --family 4
	for mode in off always; do
		synward mode $mode
		before=$(counter syn_unsignable)
		talk_start client "${in_atk[@]}" setpriv --pdeathsig TERM \
			/usr/bin/python3 "$BATS_TEST_DIRNAME/client.py" \
			--timeout 2 --md5 secret $srv4 8080
		[ "$(hear client)" = timeout ]
		talk_end client
	done
	counted syn_unsignable $((before + 1))
}

@test "TCP-AO: a listener with keys keeps its peers, where the kernel has AO" {
	talk_start one "${in_srv[@]}" setpriv --pdeathsig TERM /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/listener.py" 8080 --family 4 --ao $atk4 secret
	word=$(hear one)
	[ "$word" != ENOPROTOOPT ] ||
		skip "TCP_AO_ADD_KEY: Protocol not available (CONFIG_TCP_AO)"
	[ "$word" = listening ]
	signed=$(counter syn_signed)
	client client $srv4 8080 --ao secret
	served $atk4 one
	counted syn_signed $((signed + 1))
}

# ---- MPTCP -------------------------------------------------------------

@test "MPTCP: clients of an MPTCP listener are the kernel's, counted and served" {
	listener one 8080 --mptcp
	before=$(counter syn_mptcp)
	for option in --mptcp ""; do
		# shellcheck disable=SC2086 # a word or none
		client client $srv4 8080 $option
		served ::ffff:$atk4 one
	done
	[ $(($(counter syn_mptcp) - before)) = 2 ]
}

@test "MPTCP: a client of a plain listener falls back to TCP" {
	listener one 8080
	for address in $srv4 $srv6; do
		client_of $address --mptcp
		[ "$(ask one accept 10)" != nobody ]
		[ "$(ask client send 6000)" = acknowledged ]
		[ "$(ask one read 6000)" = 6000 ]
	done
}
