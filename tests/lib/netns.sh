# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# netns.sh - the stage: two network namespaces and one cable; to be sourced
#
#	server ns  srv 192.0.2.1, 2001:db8:1::1  ---  atk 192.0.2.2, ::2  attacker ns
#
# Knows: namespaces, veth, a private bpffs, nginx, and how all that is taken
# away again, also after a run that was killed.
# Does not know: what is tried on this stage.
#
# For the user, after sourcing:
#	"${in_srv[@]}" CMD, "${in_atk[@]}" CMD   run CMD in a namespace; arrays,
#		so that $! of a background command is the command itself
#	$srv_ns $atk_ns $srv4 $atk4 $srv6 $atk6 $srv_mac $atk_mac
#	$stage   a directory that belongs to this run, $pins its bpffs
#
# All names hold NETNS_ID, the pid of the run. It is exported: in bats,
# setup_file and the tests are different processes on the same stage. A name
# whose process is gone is a leftover.
#
# `ip netns exec` and `ip -n` mount another /sys and so hide every pin; nsenter
# does not.
# shellcheck disable=SC2034 # the variables are for whoever sources this

export NETNS_ID=${NETNS_ID:-$$}
NETNS_BUILD=${NETNS_BUILD:-$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)/build}
PATH=$PATH:/usr/sbin:/sbin

srv_ns=sw$NETNS_ID-srv
atk_ns=sw$NETNS_ID-atk
srv4=192.0.2.1
atk4=192.0.2.2
srv6=2001:db8:1::1
atk6=2001:db8:1::2
srv_mac=02:00:00:00:00:01
atk_mac=02:00:00:00:00:02
in_srv=(nsenter "--net=/run/netns/$srv_ns")
in_atk=(nsenter "--net=/run/netns/$atk_ns")
stage=/run/synward-stage.$NETNS_ID
pins=$stage/bpf

# netns_isolate "$0" "$@": go on in a mount namespace of our own; with a bpffs
# of its own too, because ip link ... xdpdrv obj leaves directories there
netns_isolate()
{
	if [ "${NETNS_ISOLATED:-}" = "$$" ]; then
		mount -t bpf bpf /sys/fs/bpf
		return
	fi
	export NETNS_ISOLATED=$$
	exec unshare --mount --propagation private "$BASH" "$@"
}

# wait_for SECONDS COMMAND...: until it succeeds; 1 if it never does
wait_for()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# ---- up ----------------------------------------------------------------

# numrxqueues 1: flood and clients share one queue, nothing sorts them out
netns_cable()
{
	ip link add srv netns "$srv_ns" address $srv_mac \
		numrxqueues 1 numtxqueues 1 type veth \
		peer name atk netns "$atk_ns" address $atk_mac \
		numrxqueues 1 numtxqueues 1
	# NAPI at the server's end also without an XDP program
	"${in_srv[@]}" ethtool -K srv gro on
	# veth delivers XDP_TX only to an end that has an XDP program
	"${in_atk[@]}" ip link set dev atk \
		xdpdrv obj "$NETNS_BUILD/tests/bench/pass.bpf.o" sec xdp
}

# netns_end NAME DEV V4 V6 PEER_V4 PEER_V6 PEER_MAC: addresses, neighbour
netns_end()
{
	local in=(nsenter "--net=/run/netns/$1") dev=$2

	"${in[@]}" ip link set lo up
	"${in[@]}" ip addr add "$3/24" dev "$dev"
	"${in[@]}" ip addr add "$4/64" dev "$dev" nodad
	"${in[@]}" ip link set "$dev" up
	"${in[@]}" ip neigh replace "$5" lladdr "$7" dev "$dev" nud permanent
	"${in[@]}" ip neigh replace "$6" lladdr "$7" dev "$dev" nud permanent
}

# The kernel opens nothing for a source that it has no route to.
netns_routes()
{
	"${in_srv[@]}" ip route add default via $atk4
	"${in_srv[@]}" ip -6 route add default via $atk6
	"${in_atk[@]}" sysctl -qw net.ipv4.ip_forward=0 \
		net.ipv6.conf.all.forwarding=0
	# or clients that the kernel remembers are let in first
	"${in_srv[@]}" sysctl -qw net.ipv4.tcp_no_metrics_save=1
}

# netns_plug: a cable between the namespaces, with addresses and neighbours
netns_plug()
{
	netns_cable
	netns_end "$srv_ns" srv $srv4 $srv6 $atk4 $atk6 $atk_mac
	netns_end "$atk_ns" atk $atk4 $atk6 $srv4 $srv6 $srv_mac
	netns_routes
}

# netns_up: the whole stage, without a server
netns_up()
{
	netns_sweep
	install -d -m 0700 "$stage"
	ip netns add "$srv_ns"
	ip netns add "$atk_ns"
	netns_plug
}

# netns_bpffs: a bpffs of our own at $pins
netns_bpffs()
{
	install -d -m 0700 "$pins"
	mount -t bpf -o mode=0700 bpf "$pins"
}

# ---- nginx -------------------------------------------------------------

netns_nginx_conf()
{
	cat <<-END
	user root;
	daemon off;
	worker_processes 1;
	pid $stage/nginx.pid;
	error_log $stage/nginx.log;
	events { worker_connections 4096; }
	http {
		access_log off;
		keepalive_requests 1000000000;
		client_body_temp_path $stage/body;
		proxy_temp_path $stage/proxy;
		fastcgi_temp_path $stage/fastcgi;
		uwsgi_temp_path $stage/uwsgi;
		scgi_temp_path $stage/scgi;
		server {
			listen $1;
			listen [::]:$1;
			root $stage/www;
		}
	}
	END
}

netns_listens()
{
	[ -n "$("${in_srv[@]}" ss -Hltn "sport = :$1")" ]
}

# netns_nginx PORT: serves $stage/www; $nginx_pid is its master
netns_nginx()
{
	install -d "$stage/www"
	echo served >"$stage/www/index.html"
	netns_nginx_conf "$1" >"$stage/nginx.conf"
	# setpriv: should we be killed, nginx follows; fd 3 is bats' own
	"${in_srv[@]}" setpriv --pdeathsig TERM nginx -p "$stage" \
		-c "$stage/nginx.conf" -e "$stage/nginx.log" \
		>"$stage/nginx.out" 2>&1 3>&- &
	nginx_pid=$!
	wait_for 10 netns_listens "$1" && return
	cat "$stage/nginx.out" "$stage/nginx.log" >&2
	return 1
}

# ---- down --------------------------------------------------------------

# netns_kill NAME: end what runs in a namespace of ours
netns_kill()
{
	local pid

	[ -e "/run/netns/$1" ] || return 0
	for pid in $(ip netns pids "$1" 2>/dev/null); do
		kill "$2" "$pid" 2>/dev/null || true
	done
}

netns_empty()
{
	[ -z "$(ip netns pids "$1" 2>/dev/null)" ]
}

# netns_remove NAME: the namespace and its processes, by force after 3 s
netns_remove()
{
	[ -e "/run/netns/$1" ] || return 0
	netns_kill "$1" -TERM
	wait_for 3 netns_empty "$1" || netns_kill "$1" -KILL
	ip netns del "$1" 2>/dev/null || rm -f "/run/netns/$1"
}

# netns_erase ID: everything of one run
netns_erase()
{
	netns_remove "sw$1-atk"
	netns_remove "sw$1-srv"
	umount "/run/synward-stage.$1/bpf" 2>/dev/null || true
	rm -rf --one-file-system "/run/synward-stage.$1"
}

# netns_down: this run's stage; safe to call twice
netns_down()
{
	netns_erase "$NETNS_ID"
}

# netns_sweep: what killed runs left behind
netns_sweep()
{
	local path id

	for path in /run/netns/sw*-srv /run/netns/sw*-atk \
		/run/synward-stage.*; do
		id=${path##*/}
		id=${id#synward-stage.} id=${id#sw}
		id=${id%-???}
		[[ -e $path && $id =~ ^[0-9]+$ ]] || continue
		[ -d "/proc/$id" ] || netns_erase "$id"
	done
}
