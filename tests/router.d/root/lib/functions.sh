# The part of OpenWrt's /lib/functions.sh that a service uses: reading /etc/config, and what packages call when they
# are installed. Written for the test from the documented behaviour; one value a line, quoted as `uci` writes it.

config_load() {
	local kind name value section=0
	UCI_SECTIONS= UCI_LINES=
	[ -r "/etc/config/$1" ] || return 1
	while read -r kind name value; do
		value=${value#[\'\"]} name=${name#[\'\"]}
		value=${value%[\'\"]} name=${name%[\'\"]}
		case "$kind" in
		config)
			section=$((section + 1))
			[ -n "$value" ] || value=cfg$section
			UCI_SECTIONS="$UCI_SECTIONS $name:$value"
			UCI_CURRENT=$value
			;;
		option | list) UCI_LINES="$UCI_LINES
$kind $UCI_CURRENT $name $value" ;;
		esac
	done <"/etc/config/$1"
}

uci_values() { # KIND SECTION NAME
	echo "$UCI_LINES" | sed -n "s/^$1 $2 $3 //p"
}

config_get() { # VARIABLE SECTION NAME [DEFAULT]
	local found
	found=$(uci_values option "$2" "$3" | tail -n 1)
	[ -n "$found" ] || found=$(uci_values list "$2" "$3" | tr '\n' ' ' | sed 's/ $//')
	[ -n "$found" ] || found=$4
	eval "$1=\$found"
}

config_get_bool() {
	local word
	config_get word "$2" "$3" "$4"
	case "$word" in
	1 | on | true | yes | enabled) word=1 ;;
	0 | off | false | no | disabled) word=0 ;;
	*) word=$4 ;;
	esac
	eval "$1=\$word"
}

config_foreach() { # FUNCTION [TYPE] [ARGUMENT…]
	local call=$1 type=$2 entry
	shift 2
	for entry in $UCI_SECTIONS; do
		[ -n "$type" ] && [ "${entry%%:*}" != "$type" ] || "$call" "${entry#*:}" "$@"
	done
}

config_list_foreach() { # SECTION NAME FUNCTION [ARGUMENT…]
	local section=$1 name=$2 call=$3 value old=$IFS
	shift 3
	IFS='
'
	set -f
	for value in $(uci_values list "$section" "$name"); do
		IFS=$old
		"$call" "$value" "$@"
	done
	set +f
	IFS=$old
}

default_postinst() {
	local script
	for script in /etc/init.d/smolsmb; do
		"$script" enable && "$script" start
	done
}

default_prerm() {
	/etc/init.d/smolsmb disable
	/etc/init.d/smolsmb stop
}
