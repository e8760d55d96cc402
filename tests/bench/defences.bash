# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# defences.bash - what can stand between a flood and a server; to be sourced
# after tests/lib/netns.sh
#
# Knows: the defences by name, how each is set up on a fresh stage, and in which
# form its answers to the flood come back to the attacker's end (pass.bpf.c).
# Does not know: floods, clients, or what is measured.
#
# XDP_TX and XDP_DROP are no defences but floors (floor.bpf.c): they do to the
# flood the least that anything in XDP can, and let everybody else in. What
# clients see behind them is the cable and the CPUs.
# shellcheck disable=SC2154 # netns.sh sets them

defences=(none "kernel 1" "kernel 2" "nft synproxy" XDP_TX XDP_DROP
	"synward adaptive" "synward always")

defence_known()
{
	local name

	for name in "${defences[@]}"; do
		[ "$name" != "$1" ] || return 0
	done
	return 1
}

synward()
{
	"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pins/synward" "$@"
}

# For a server without XDP: the other form of the sink.
sink_for_skbs()
{
	"${in_atk[@]}" ip link set dev atk xdp off
	"${in_atk[@]}" tc qdisc add dev atk clsact
	"${in_atk[@]}" tc filter add dev atk ingress \
		bpf da obj "$NETNS_BUILD/tests/bench/pass.bpf.o" sec tc
}

# kernel_cookies N: tcp_syncookies
kernel_cookies()
{
	sink_for_skbs
	"${in_srv[@]}" sysctl -qw "net.ipv4.tcp_syncookies=$1"
}

# As the nftables wiki and iptables-extensions(8), SYNPROXY, have it: SYNs are
# not tracked, and an ACK does not make a connection by itself.
synproxy()
{
	kernel_cookies 1
	"${in_srv[@]}" nft -f - <<-END
	table inet proxy {
		chain before {
			type filter hook prerouting priority raw
			tcp dport 80 tcp flags & (fin|syn|rst|ack) == syn notrack
		}
		chain local {
			type filter hook input priority filter
			tcp dport 80 ct state invalid,untracked \
				synproxy mss 1460 wscale 7 timestamp sack-perm
			tcp dport 80 ct state invalid drop
		}
	}
	END
	"${in_srv[@]}" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0 \
		net.ipv4.tcp_timestamps=1
}

# floor PROGRAM
floor()
{
	"${in_srv[@]}" ip link set dev srv \
		xdpdrv obj "$NETNS_BUILD/tests/bench/floor.bpf.o" program "$1"
}

# defend NAME: exits as synward does when that does not attach
defend()
{
	case $1 in
	none) kernel_cookies 0 ;;
	"kernel "[12]) kernel_cookies "${1#kernel }" ;;
	"nft synproxy") synproxy ;;
	XDP_TX) floor floor_tx ;;
	XDP_DROP) floor floor_drop ;;
	"synward "*)
		netns_bpffs
		synward --quiet attach srv --mode "${1#synward }" ;;
	esac
}
