# The part of OpenWrt's /lib/functions/network.sh that a service asks for: here "lan" is eth0, and nothing else is.

network_flush_cache() { :; }

network_addresses() { # VARIABLE NETWORK FAMILY
	local found=
	[ "$2" != lan ] || found=$(ip -o "-$3" address show dev eth0 scope global | awk '{ sub("/.*", "", $4); print $4 }')
	eval "$1=\$found"
	[ -n "$found" ]
}
network_get_ipaddrs() { network_addresses "$1" "$2" 4; }
network_get_ipaddrs6() { network_addresses "$1" "$2" 6; }
network_get_ipaddrs_all() { network_addresses "$1" "$2" 4; }
network_get_device() { [ "$2" = lan ] && eval "$1=eth0"; }
network_get_physdev() { network_get_device "$@"; }
