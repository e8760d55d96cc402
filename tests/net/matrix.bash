# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# matrix.bash - what the matrix tests share: a cable that shows segments as
# sent, rows run with the kernel alone and with cookies. Sourced by them.
#
# shellcheck source=tests/net/net.bash
source "$BATS_TEST_DIRNAME/net.bash"

matrix_up()
{
	net_up
	# or both ends would see checksums and sizes that no wire has
	"${in_srv[@]}" ethtool -K srv tx off >/dev/null
	"${in_atk[@]}" ethtool -K atk gro off >/dev/null
	synward attach srv --mode off
}

matrix()
{
	"${in_srv[@]}" env "MATRIX_ATK_NS=$atk_ns" "MATRIX_SRV_MAC=$srv_mac" \
		"MATRIX_INJECT=$tools/inject" \
		/usr/bin/python3 -B "$BATS_TEST_DIRNAME/matrix.py" "$@"
}

# run_rows NAME ROWS: with the kernel alone, then with cookies
run_rows()
{
	synward mode off
	matrix run "$stage/$1.kernel" "$2"
	synward mode always
	matrix run "$stage/$1.synward" "$2"
}

# judge NAME OPTION...: are its rows the same as by the kernel?
judge()
{
	matrix judge "$stage/$1.kernel" "$stage/$1.synward" "${@:2}"
}

cable_mtu()
{
	"${in_srv[@]}" ip link set dev srv mtu "$1"
	"${in_atk[@]}" ip link set dev atk mtu "$1"
}

# A driver takes frames above one page only with programs that can do frags.
cable_jumbo()
{
	"${in_atk[@]}" ip link set dev atk xdpdrv off
	"${in_atk[@]}" ip link set dev atk \
		xdpdrv obj "$tools/jumbo.bpf.o" sec xdp.frags
	cable_mtu 9000
}
