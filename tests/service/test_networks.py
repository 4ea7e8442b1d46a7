"""`list network`: the server listens on the addresses of those networks, on their interfaces, and nowhere else."""

import json
import os
import subprocess

import pytest

import lab
from conftest import ALICE, eventually, run, status

PORT = 4459


class Router:
    """A router of three network namespaces: itself, and one host on each side."""

    def __init__(self, folder):
        self.folder = folder
        self.names = {side: f"smolsmb-{side}-{os.getpid()}" for side in ("router", "lan", "wan")}

    def __enter__(self):
        for name in self.names.values():
            if run("ip", "netns", "add", name, check=False):
                self.__exit__()
                pytest.skip("no network namespaces here")
        for side, far in (("lan", "10.81.1.2/24"), ("wan", "10.81.2.2/24")):
            run("ip", "link", "add", f"{side}0", "netns", self.names["router"], "type", "veth", "peer", "name", "host0",
                "netns", self.names[side])
            self.at(side, "ip", "addr", "add", far, "dev", "host0")
            self.at("router", "ip", "link", "set", f"{side}0", "up")
            self.at(side, "ip", "link", "set", "host0", "up")
        self.at("router", "ip", "link", "set", "lo", "up")
        self.at("router", "ip", "addr", "add", "10.81.2.1/24", "dev", "wan0")
        # A host on the wan that knows where the lan is.
        self.at("wan", "ip", "route", "add", "10.81.1.0/24", "via", "10.81.2.1")
        self.tell([])
        script = self.folder / "ubus"
        script.write_text(f"#!/bin/sh\n[ \"$*\" = '-t 5 call network.interface dump' ] || exit 9\nexec cat '{self.folder}/dump'\n")
        script.chmod(0o755)
        return self

    def __exit__(self, *_):
        for name in self.names.values():
            run("ip", "netns", "del", name, check=False)

    def at(self, side, *command, check=True):
        return run("ip", "netns", "exec", self.names[side], *command, check=check)

    def tell(self, networks):
        """What ubus says from now on: (name, device, IPv4, IPv6) of each network that is up."""
        wan = ("wan", "wan0", ["10.81.2.1"], [])
        rows = [
            {"interface": name, "up": True, "l3_device": device, "ipv4-address": [{"address": a, "mask": 24} for a in four],
             "ipv6-prefix-assignment": [{"address": "fd81::", "local-address": {"address": a, "mask": 64}} for a in six]}
            for name, device, four, six in [wan, *networks]
        ]
        new = self.folder / "dump.new"
        new.write_text(json.dumps({"interface": rows}))
        new.rename(self.folder / "dump")

    def reaches(self, side, address):
        """Whether a host there gets a connection."""
        code = "import socket,sys\nsocket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2)"
        return self.at(side, "python3", "-c", code, address, PORT, check=False) == 0


class Server(lab.Smolsmb):
    """Ours, in the router's namespace, with networks in its configuration and no address on its command line."""

    def __init__(self, router, directory, networks):
        super().__init__(directory, [], [ALICE], port=PORT)
        self.router, self.networks = router, networks

    def configure(self):
        super().configure()
        file = self.directory / "smolsmb"
        lines = [f"\tlist network '{name}'" for name in self.networks] + [f"\toption port '{PORT}'"]
        file.write_text(file.read_text().replace("config server 'server'", "\n".join(["config server 'server'", *lines])))

    def command(self):
        return ["ip", "netns", "exec", self.router.names["router"], self.binary(), "serve", "--config", str(self.directory),
                "--ubus", str(self.router.folder / "ubus")]

    def start(self):
        self.configure()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        assert eventually((self.directory / "smolsmb.sock").exists), self.log_tail()
        return self

    def listening(self):
        """Addresses and their networks, this machine's own aside."""
        return {(one["address"], one["network"]) for one in status(self)["listening"]
                if not one["address"].startswith(("127.", "[::1]"))}


def link_local(text):
    """The address in what `ip -j addr show` says; older ones put empty rows before it."""
    return next(info["local"] for row in json.loads(text) for info in row.get("addr_info", []) if "local" in info)


@pytest.fixture
def router(base):
    with Router(base) as router:
        yield router


def test_a_network_that_comes_late_is_waited_for_and_nothing_else_is_listened_on(router, base):
    with Server(router, base / "server", ["lan"]) as server:
        assert server.listening() == set()
        assert not router.reaches("wan", "10.81.2.1") and not router.reaches("lan", "10.81.2.1")
        # The kernel has the address first, netifd says so later.
        router.at("router", "ip", "addr", "add", "10.81.1.1/24", "dev", "lan0")
        router.tell([("lan", "lan0", ["10.81.1.1"], [])])
        want = {(f"10.81.1.1:{PORT}", "lan")}
        assert eventually(lambda: want <= server.listening()), (server.listening(), server.log_tail())
        assert router.reaches("lan", "10.81.1.1")
        # Linux would answer for the lan's address on the wan too.
        assert not router.reaches("wan", "10.81.1.1") and not router.reaches("wan", "10.81.2.1")
        # The router itself.
        assert router.at("router", "python3", "-c", f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 2)") == ""


def test_changes_of_address_are_followed(router, base):
    router.at("router", "ip", "addr", "add", "10.81.1.1/24", "dev", "lan0")
    router.tell([("lan", "lan0", ["10.81.1.1"], [])])
    with Server(router, base / "server", ["lan"]) as server:
        assert eventually(lambda: router.reaches("lan", "10.81.1.1")), server.log_tail()
        router.at("router", "ip", "addr", "del", "10.81.1.1/24", "dev", "lan0")
        router.at("router", "ip", "addr", "add", "10.81.1.7/24", "dev", "lan0")
        router.tell([("lan", "lan0", ["10.81.1.7"], [])])
        assert eventually(lambda: router.reaches("lan", "10.81.1.7")), server.log_tail()
        assert eventually(lambda: (f"10.81.1.1:{PORT}", "lan") not in server.listening())
        # ubus that says nothing of use changes nothing.
        (base / "dump").write_text("Command failed: Request timed out\n")
        router.at("router", "ip", "addr", "add", "10.81.1.8/24", "dev", "lan0")
        eventually(lambda: "not understood" in server.log_tail())
        assert "not understood" in server.log_tail() and router.reaches("lan", "10.81.1.7")
        # The network is gone: so are its sockets.
        router.tell([])
        router.at("router", "ip", "addr", "flush", "dev", "lan0")
        assert eventually(lambda: not server.listening(), 25), server.listening()
        assert not router.reaches("wan", "10.81.2.1")


def test_ipv6_is_listened_on_with_the_links_own_address(router, base):
    if router.at("router", "ip", "addr", "add", "fd81::1/64", "dev", "lan0", check=False):
        pytest.skip("no IPv6 here")
    router.at("lan", "ip", "addr", "add", "fd81::2/64", "dev", "host0", "nodad")
    router.tell([("lan", "lan0", [], ["fd81::1"])])
    with Server(router, base / "server", ["lan"]) as server:
        # Both are in doubt for a second after the link came up.
        assert eventually(lambda: router.reaches("lan", "fd81::1")), server.log_tail()
        link = router.at("router", "ip", "-6", "-j", "addr", "show", "dev", "lan0", "scope", "link")
        local = link_local(link)
        assert eventually(lambda: router.reaches("lan", f"{local}%host0")), server.log_tail()
        assert all(network == "lan" for _, network in server.listening())
        wan = router.at("router", "ip", "-6", "-j", "addr", "show", "dev", "wan0", "scope", "link")
        assert not router.reaches("wan", link_local(wan) + "%host0")


def test_a_reload_takes_another_network(router, base):
    router.at("router", "ip", "addr", "add", "10.81.1.1/24", "dev", "lan0")
    router.tell([("lan", "lan0", ["10.81.1.1"], [])])
    with Server(router, base / "server", ["guest"]) as server:
        assert server.listening() == set()
        server.networks = ["lan"]
        server.reload()
        assert eventually(lambda: router.reaches("lan", "10.81.1.1")), server.log_tail()
        server.networks = []
        server.reload()
        assert eventually(lambda: router.reaches("wan", "10.81.2.1")), server.log_tail()
        server.networks = ["lan"]
        server.reload()
        assert eventually(lambda: not router.reaches("wan", "10.81.2.1")), server.log_tail()


def test_who_comes_by_one_named_network_may_mean_anothers_address(router, base):
    router.at("router", "ip", "addr", "add", "10.81.1.1/24", "dev", "lan0")
    router.tell([("lan", "lan0", ["10.81.1.1"], [])])
    with Server(router, base / "server", ["lan", "wan"]) as server:
        for side, address in (("lan", "10.81.1.1"), ("wan", "10.81.2.1"), ("wan", "10.81.1.1")):
            assert eventually(lambda: router.reaches(side, address)), (side, address, server.log_tail())
        v4 = {one for one in server.listening() if "fe80" not in one[0]}
        assert v4 == {(f"10.81.1.1:{PORT}", "lan"), (f"10.81.2.1:{PORT}", "wan")}
