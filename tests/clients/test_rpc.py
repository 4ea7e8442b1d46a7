"""The named pipes: srvsvc and wkssvc, as rpcclient, `net` and `smbclient -L` ask them."""

import re

import pytest

from conftest import ALICE, UNICODE_SHARE, relay

# Whether alice is shown a share that only bob may enter ("bobs") is the server's choice.
VISIBLE = ["rw", "ro", "guest-read", "guest-write", "sealed", "shm", UNICODE_SHARE]


def rpc(world, command, user=ALICE, check=True, options=()):
    who = ["-U", f"{user.name}%{user.password}"] if user else ["-U", "", "-N"]
    return world.run("rpcclient", "127.0.0.1", "-p", world.port, *who, *options, "-c", command, check=check)


def test_smbclient_lists_the_shares(world):
    text = world.run("smbclient", "-L", "127.0.0.1", "-p", world.port, "-U", f"alice%{ALICE.password}")
    for share in VISIBLE:
        assert re.search(rf"^\s+{re.escape(share)}\s+Disk", text, re.M), text
    assert re.search(r"IPC\$\s+IPC", text)
    assert "hidden" not in text
    assert "read and write" in text


def test_smbclient_lists_the_shares_anonymously(world):
    text = world.run("smbclient", "-L", "127.0.0.1", "-p", world.port, "-N")
    assert re.search(r"^\s+guest-read\s+Disk", text, re.M), text


def test_srvinfo(world):
    text = rpc(world, "srvinfo")
    assert "SMOLLAB" in text and "lab server" in text, text
    assert re.search(r"server type\s*:\s*0x", text)


@pytest.mark.parametrize("command", ["netshareenum 1", "netshareenum 2", "netshareenumall 1", "netshareenumall 2"])
def test_the_shares_are_enumerated(world, command):
    text = rpc(world, command)
    for share in VISIBLE:
        assert f"netname: {share}" in text, text
    if command.endswith("2"):
        assert re.search(r"path:\s*\S", text) and "password:" in text


@pytest.mark.parametrize("level", [1, 2])
def test_netsharegetinfo(world, level):
    text = rpc(world, f"netsharegetinfo rw {level}")
    assert "netname: rw" in text and "read and write" in text, text


def test_netsharegetinfo_of_no_share(world):
    text = rpc(world, "netsharegetinfo nothing", check=False)
    assert "WERR" in text or "NERR" in text or "0x00000906" in text, text


def test_net_rpc_share_list(world):
    """`net rpc` knows port 445 alone: a relay stands there while it runs."""
    with relay(445, world.port) as there:
        if not there:
            pytest.skip("port 445 is taken, or not ours to take")
        text = world.run("net", "rpc", "share", "list", "-S", "127.0.0.1", "-U", f"alice%{ALICE.password}")
    for share in VISIBLE:
        assert share in text.splitlines(), text


class Impacket:
    """srvsvc and wkssvc calls that rpcclient does not have."""

    def __init__(self, world, pipe, interface):
        from impacket.dcerpc.v5 import transport
        from impacket.smbconnection import SMBConnection

        self.smb = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=world.port)
        self.smb.login("alice", ALICE.password)
        self.rpc = transport.SMBTransport("127.0.0.1", filename=pipe, smb_connection=self.smb).get_dce_rpc()
        self.rpc.connect()
        self.rpc.bind(interface)

    def __enter__(self):
        return self.rpc

    def __exit__(self, *_):
        self.smb.close()


@pytest.mark.parametrize("level", [0, 1, 2, 501])
def test_netshareenum_at_every_level(world, level):
    from impacket.dcerpc.v5 import srvs

    with Impacket(world, "\\srvsvc", srvs.MSRPC_UUID_SRVS) as rpc:
        reply = srvs.hNetrShareEnum(rpc, level)
        entries = reply["InfoStruct"]["ShareInfo"][f"Level{level}"]["Buffer"]
        names = [entry[f"shi{level}_netname"].rstrip("\0") for entry in entries]
    assert set(VISIBLE) <= set(names) and "IPC$" in names
    assert reply["TotalEntries"] == len(names)


@pytest.mark.parametrize("level", [0, 1, 2, 501])
def test_netsharegetinfo_at_every_level(world, level):
    from impacket.dcerpc.v5 import srvs

    with Impacket(world, "\\srvsvc", srvs.MSRPC_UUID_SRVS) as rpc:
        info = srvs.hNetrShareGetInfo(rpc, "RW\0", level)["InfoStruct"][f"ShareInfo{level}"]
    assert info[f"shi{level}_netname"].rstrip("\0") == "rw"
    if level:
        assert info[f"shi{level}_remark"].rstrip("\0") == "read and write"


@pytest.mark.parametrize("level", [100, 101, 102])
def test_netservergetinfo_at_every_level(world, level):
    from impacket.dcerpc.v5 import srvs

    with Impacket(world, "\\srvsvc", srvs.MSRPC_UUID_SRVS) as rpc:
        try:
            info = srvs.hNetrServerGetInfo(rpc, level)["InfoStruct"][f"ServerInfo{level}"]
        except Exception as error:
            assert level == 102 and ("ACCESS_DENIED" in str(error) or "access_denied" in str(error) or "UNKNOWN_LEVEL" in str(error) or "0x7c" in str(error)), error
            return
    assert info[f"sv{level}_name"].rstrip("\0") == "SMOLLAB"


@pytest.mark.parametrize("level", [100, 101, 102])
def test_netwkstagetinfo_at_every_level(world, level):
    from impacket.dcerpc.v5 import wkst

    with Impacket(world, "\\wkssvc", wkst.MSRPC_UUID_WKST) as rpc:
        try:
            info = wkst.hNetrWkstaGetInfo(rpc, level)["WkstaInfo"][f"WkstaInfo{level}"]
        except Exception as error:
            assert level > 100 and "ACCESS_DENIED" in str(error).upper(), error
            return
    assert info[f"wki{level}_computername"].rstrip("\0") == "SMOLLAB"
    assert info[f"wki{level}_langroup"].rstrip("\0") == "WORKGROUP"


def test_an_unknown_pipe_is_not_found(world):
    assert "NT_STATUS_OBJECT_NAME_NOT_FOUND" in world.smbclient("IPC$", "get nothingsvc /dev/null", check=False)


def test_pipes_over_encryption(world):
    text = rpc(world, "srvinfo", options=["--client-protection=encrypt"])
    assert "SMOLLAB" in text


def test_the_pipe_survives_rubbish(world):
    for data in (b"", b"\5", b"\5\0\x0b\3" + bytes(12), b"\xff" * 100, b"\5\0\0\3\x10\0\0\0\xff\xff\0\0" + bytes(20),
                 b"\5\0\x0b\3\x10\0\0\0\x48\0\0\0\1\0\0\0" + b"\xff" * 56, b"\5\0\x0b\3\x10\0\0\0\x08\0\0\0\1\0\0\0"):
        with world.raw("IPC$", timeout=2) as c:
            status, pipe = c.create("srvsvc", access=0x0012019F)
            assert status == 0
            for attempt in (lambda: c.ioctl(0x0011C017, data, file_id=pipe), lambda: c.write(pipe, 0, data), lambda: c.close(pipe)):
                try:
                    attempt()
                except TimeoutError:
                    pass  # Waiting for the rest of a message, as Samba does, is no fault.
    world.serves()
