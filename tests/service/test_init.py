"""files/smolsmb.init under a shell with procd's and UCI's functions replaced by ones that say what they were told."""

import pathlib
import shlex
import subprocess

import pytest

import lab

FUNCTIONS = r"""
config_load() { :; }
config_foreach() { "$1" server; }
config_get() { eval "got=\${opt_$3-}"; [ -n "$got" ] || got=${4-}; eval "$1=\$got"; }
config_get_bool() { config_get "$@"; eval "case \$$1 in 1|on|true|yes|enabled) $1=1 ;; *) $1=0 ;; esac"; }
config_list_foreach() {
	item=1
	while eval "[ -n \"\${${2}_$item+there}\" ]"; do
		eval "\"\$3\" \"\$${2}_$item\""
		item=$((item + 1))
	done
}
told() { printf '%s' "$1"; shift; for word in "$@"; do printf '\037%s' "$word"; done; printf '\036'; }
for name in open_instance close_instance set_param append_param add_jail add_mdns add_reload_trigger \
	add_reload_interface_trigger send_signal; do eval "procd_$name() { told $name \"\$@\"; }"; done
procd_running() { [ -n "${alive-}" ]; }
start() { start_service; }
"""

HOSTILE = "x'; touch pwned; echo \"$(touch pwned)`touch pwned`\nlist network 'wan"


@pytest.fixture(autouse=True)
def _root():
    """It needs no rights."""


def told(tmp_path, what, networks=("lan",), **options):
    """What procd is told by a function of the script: a list of words each."""
    lines = [FUNCTIONS]
    lines += [f"opt_{name}={shlex.quote(value)}" for name, value in options.items()]
    lines += [f"network_{at}={shlex.quote(value)}" for at, value in enumerate(networks, 1)]
    lines += [f". {shlex.quote(str(lab.ROOT / 'files/smolsmb.init'))}", what]
    done = subprocess.run(["sh", "-c", "\n".join(lines)], capture_output=True, text=True, cwd=tmp_path, timeout=20)
    assert done.stderr == "", done.stderr
    assert not (pathlib.Path(tmp_path) / "pwned").exists(), "a value was run"
    return [line.split("\x1f") for line in done.stdout.split("\x1e") if line]


def test_the_server_is_started_with_fixed_words(tmp_path):
    plain = told(tmp_path, "start_service")
    hostile = told(tmp_path, "start_service", networks=[HOSTILE, "lan"], workgroup=HOSTILE, port=HOSTILE, name=HOSTILE, memory="-x")
    command = ["set_param", "command", "/usr/sbin/smolsmb", "serve", "--config", "/etc/config"]
    for one in (plain, hostile):
        assert one[0] == ["open_instance"] and command in one and one[-1] == ["close_instance"]
        assert ["add_mdns", "smb", "tcp", "445"] in one
        assert ["set_param", "respawn", "3600", "5", "0"] in one
    env = [[words for words in one if words[:2] == ["set_param", "env"]] for one in (plain, hostile)]
    assert env[0] != env[1], "what holds only after a restart makes procd restart it"
    assert all(len(words) == 3 and words[2].startswith("SMOLSMB_FIXED=") and "\n" not in words[2] for one in env for words in one)
    other = told(tmp_path, "start_service", networks=["guest"], port="4450", description="x")
    assert [w for w in other if w[:2] == ["set_param", "env"]] == env[0], "networks and the port are taken over without"


@pytest.mark.parametrize("enabled", ["0", "1"])
def test_the_triggers_are_there_whatever_the_configuration_says(tmp_path, enabled):
    words = told(tmp_path, "service_triggers", networks=["lan", HOSTILE, "guest_2"], enabled=enabled, port="x")
    assert words == [["add_reload_trigger", "smolsmb"], ["add_reload_interface_trigger", "lan"], ["add_reload_interface_trigger", "guest_2"]]
    # Of names none of which can be one, the lan is left, as in the server.
    assert told(tmp_path, "service_triggers", networks=[HOSTILE])[1:] == [["add_reload_interface_trigger", "lan"]]
    assert bool(told(tmp_path, "start_service", enabled=enabled)) is (enabled == "1")


def test_a_reload_of_a_running_server_is_a_signal(tmp_path):
    signal = ["send_signal", "smolsmb", "*", "HUP"]
    assert signal in told(tmp_path, "alive=1; reload_service")
    assert signal not in told(tmp_path, "reload_service")
