"""impacket's SMBConnection, a second Python stack that shares nothing with smbprotocol."""

import io

import pytest
from impacket import ntlm
from impacket.smb3structs import SMB2_DIALECT_002, SMB2_DIALECT_21, SMB2_DIALECT_30, SMB2_DIALECT_311
from impacket.smbconnection import SessionError, SMBConnection

import lab
from conftest import ALICE, BOB, some_bytes

DIALECTS = {"2.0.2": SMB2_DIALECT_002, "2.1": SMB2_DIALECT_21, "3.0": SMB2_DIALECT_30, "3.1.1": SMB2_DIALECT_311}


def connect(world, dialect=None, user=ALICE):
    connection = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=world.port, preferredDialect=dialect)
    if user:
        connection.login(user.name, user.password)
    return connection


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect(world, folder, dialect):
    name, path = folder
    c = connect(world, DIALECTS[dialect])
    assert c.getDialect() == DIALECTS[dialect]
    data = some_bytes(1_500_001)
    c.createDirectory("rw", f"{name}/made")
    c.putFile("rw", f"{name}/made/file", io.BytesIO(data).read)
    assert (path / "made/file").read_bytes() == data
    back = io.BytesIO()
    c.getFile("rw", f"{name}/made/file", back.write)
    assert back.getvalue() == data
    assert {e.get_longname() for e in c.listPath("rw", f"{name}/made/*")} == {".", "..", "file"}
    c.rename("rw", f"{name}/made/file", f"{name}/made/other")
    assert (path / "made/other").exists()
    c.deleteFile("rw", f"{name}/made/other")
    c.deleteDirectory("rw", f"{name}/made")
    assert list(path.iterdir()) == []
    c.logoff()


def test_shares_are_listed(world):
    c = connect(world)
    names = {s["shi1_netname"].rstrip("\0") for s in c.listShares()}
    assert {"rw", "ro", "guest-read", "IPC$"} <= names
    c.close()


def test_a_hash_stands_for_the_password(world):
    c = connect(world, user=None)
    c.login("alice", "", nthash=lab.nt_hash(ALICE.password).hex(), lmhash="0" * 32)
    c.listPath("rw", "*")
    c.close()


def test_a_wrong_password_is_refused(world):
    with pytest.raises(SessionError) as refusal:
        connect(world, user=lab.User("alice", "Wrong-1"))
    assert refusal.value.getErrorCode() == 0xC000006D


def test_ntlmv1_is_refused(world, monkeypatch):
    answer = ntlm.getNTLMSSPType3
    monkeypatch.setattr(ntlm, "getNTLMSSPType3", lambda *words, **more: answer(*words, **{**more, "use_ntlmv2": False}))
    with pytest.raises(SessionError):
        connect(world, SMB2_DIALECT_21)


def test_bob_reads_but_does_not_write(world):
    (world.disk("rw") / "for-bob").write_text("read me")
    c = connect(world, user=BOB)
    back = io.BytesIO()
    c.getFile("rw", "for-bob", back.write)
    assert back.getvalue() == b"read me"
    for attempt in (lambda: c.putFile("rw", "for-bob", io.BytesIO(b"x").read), lambda: c.deleteFile("rw", "for-bob"), lambda: c.createDirectory("rw", "bob-was-here")):
        with pytest.raises(SessionError):
            attempt()
    assert (world.disk("rw") / "for-bob").read_text() == "read me"
    c.close()


def test_the_snapshot_list_is_empty_or_refused(world, folder):
    c = connect(world)
    tree = c.connectTree("rw")
    try:
        assert list(c.listSnapshots(tree, folder[0])) in ([], [""])
    except SessionError as error:
        assert error.getErrorCode() in (0xC0000010, 0xC00000BB, 0xC0000002)
    except Exception:
        pass  # impacket stumbles over some honest empty answers.
    c.close()
