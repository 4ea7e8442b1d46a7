"""Python's smbprotocol: every dialect, signing and encryption algorithm, and its high-level file functions."""

import os
import stat
import uuid

import pytest
import smbclient
from smbprotocol.connection import Ciphers, Connection, Dialects, SigningAlgorithms
from smbprotocol.create_contexts import (CreateContextName, LeaseState, SMB2CreateContextRequest, SMB2CreateDurableHandleRequestV2,
                                         SMB2CreateQueryMaximalAccessRequest, SMB2CreateRequestLease, SMB2CreateRequestLeaseV2)
from smbprotocol.exceptions import SMBResponseException
from smbprotocol.file_info import FileInformationClass
from smbprotocol.open import (CreateDisposition, CreateOptions, DirectoryAccessMask, FileAttributes, FilePipePrinterAccessMask,
                              ImpersonationLevel, Open, ShareAccess)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from conftest import ALICE, KIND, some_bytes

DIALECTS = {"2.0.2": Dialects.SMB_2_0_2, "2.1": Dialects.SMB_2_1_0, "3.0": Dialects.SMB_3_0_0, "3.0.2": Dialects.SMB_3_0_2, "3.1.1": Dialects.SMB_3_1_1}
EVERYTHING = FilePipePrinterAccessMask.GENERIC_ALL
SHARE_ALL = ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE


class On:
    """A tree of a share, with the connection under it."""

    def __init__(self, world, share="rw", dialect=None, sign=True, encrypt=False, ciphers=None, signers=None):
        self.connection = Connection(uuid.uuid4(), "127.0.0.1", world.port, require_signing=sign)
        self.connection.connect(dialect, preferred_encryption_algos=ciphers, preferred_signing_algos=signers)
        session = Session(self.connection, "alice", ALICE.password, require_encryption=encrypt)
        session.connect()
        self.tree = TreeConnect(session, rf"\\127.0.0.1\{share}")
        self.tree.connect()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.disconnect(True)

    def open(self, name, access=EVERYTHING, disposition=CreateDisposition.FILE_OPEN_IF, options=0, share=SHARE_ALL, contexts=None, oplock=0):
        handle = Open(self.tree, name)
        reply = handle.create(ImpersonationLevel.Impersonation, access, FileAttributes.FILE_ATTRIBUTE_NORMAL, share, disposition, options, contexts, oplock)
        handle.contexts = reply
        return handle


def round_trip(on, name, path, length=2_000_003):
    data = some_bytes(length)
    handle = on.open(f"{name}\\file")
    step = min(on.connection.max_write_size, 1 << 20)
    for at in range(0, length, step):
        handle.write(data[at : at + step], at)
    handle.flush()
    assert (path / "file").read_bytes() == data
    step = min(on.connection.max_read_size, 1 << 20)
    assert b"".join(handle.read(at, min(step, length - at)) for at in range(0, length, step)) == data
    handle.close()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("protection", ["sign", "encrypt", "none"])
def test_every_dialect(world, folder, dialect, protection):
    if protection == "encrypt" and dialect < "3":
        pytest.skip("nothing to encrypt with before SMB 3")
    if protection == "none" and dialect == "3.1.1":
        pytest.skip("SMB 3.1.1 wants a signed TREE_CONNECT, which smbprotocol then does not send")
    with On(world, dialect=DIALECTS[dialect], sign=protection == "sign", encrypt=protection == "encrypt") as on:
        round_trip(on, *folder)


@pytest.mark.parametrize("cipher", ["AES_128_CCM", "AES_128_GCM", "AES_256_CCM", "AES_256_GCM"])
def test_every_cipher(world, folder, cipher):
    wanted = getattr(Ciphers, cipher)
    with On(world, encrypt=True, ciphers=[wanted]) as on:
        round_trip(on, *folder)


@pytest.mark.parametrize("signer", ["HMAC_SHA256", "AES_CMAC", "AES_GMAC"])
def test_every_signing_algorithm(world, folder, signer):
    with On(world, sign=True, signers=[getattr(SigningAlgorithms, signer)]) as on:
        assert on.connection.signing_algorithm_id == getattr(SigningAlgorithms, signer)
        round_trip(on, *folder)


def test_a_compound_of_create_query_and_close(world, folder):
    name, path = folder
    (path / "file").write_bytes(b"12345")
    with On(world) as on:
        handle = Open(on.tree, f"{name}\\file")
        messages = [
            handle.create(ImpersonationLevel.Impersonation, FilePipePrinterAccessMask.GENERIC_READ, 0, SHARE_ALL, CreateDisposition.FILE_OPEN, 0, send=False),
            handle.read(0, 5, send=False),
            handle.close(False, send=False),
        ]
        requests = on.connection.send_compound([m[0] for m in messages], on.tree.session.session_id, on.tree.tree_connect_id, related=True)
        results = [m[1](request) for m, request in zip(messages, requests)]
        assert results[1] == b"12345"


CLASSES = ["FILE_DIRECTORY_INFORMATION", "FILE_FULL_DIRECTORY_INFORMATION", "FILE_BOTH_DIRECTORY_INFORMATION", "FILE_ID_BOTH_DIRECTORY_INFORMATION",
           "FILE_ID_FULL_DIRECTORY_INFORMATION", "FILE_NAMES_INFORMATION"]


@pytest.mark.parametrize("information", CLASSES)
def test_query_directory_in_every_class(world, folder, information):
    name, path = folder
    for i in range(300):
        (path / f"entry {i} ü🧀").write_bytes(b"x" * i)
    with On(world) as on:
        handle = on.open(name, DirectoryAccessMask.FILE_LIST_DIRECTORY, CreateDisposition.FILE_OPEN, CreateOptions.FILE_DIRECTORY_FILE)
        entries = {}
        while True:
            try:
                for entry in handle.query_directory("*", getattr(FileInformationClass, information), max_output=16384):
                    entries[entry["file_name"].get_value().decode("utf-16-le")] = entry
            except SMBResponseException as error:
                assert error.status == 0x80000006
                break
        assert set(entries) == {".", ".."} | set(os.listdir(path))
        if information != "FILE_NAMES_INFORMATION":
            assert all(entries[f"entry {i} ü🧀"]["end_of_file"].get_value() == i for i in range(300))


def test_a_lease_request_is_parsed_whatever_is_granted(world, folder):
    name, path = folder
    (path / "leased").write_text("x")
    for dialect, structure, kind in ((Dialects.SMB_2_1_0, SMB2CreateRequestLease, CreateContextName.SMB2_CREATE_REQUEST_LEASE),
                                     (Dialects.SMB_3_1_1, SMB2CreateRequestLeaseV2, CreateContextName.SMB2_CREATE_REQUEST_LEASE_V2)):
        lease = structure()
        lease["lease_key"] = os.urandom(16)
        if "parent_lease_key" in lease.fields:
            lease["parent_lease_key"] = bytes(16)
            lease["epoch"] = bytes(2)
        lease["lease_state"] = LeaseState.SMB2_LEASE_READ_CACHING | LeaseState.SMB2_LEASE_HANDLE_CACHING
        context = SMB2CreateContextRequest()
        context["buffer_name"] = kind
        context["buffer_data"] = lease
        with On(world, dialect=dialect) as on:
            handle = on.open(f"{name}\\leased", contexts=[context], oplock=0xFF)
            assert handle.read(0, 1) == b"x"
            handle.close()


def test_a_durable_request_is_parsed_whatever_is_granted(world, folder):
    name, path = folder
    durable = SMB2CreateDurableHandleRequestV2()
    durable["create_guid"] = uuid.uuid4()
    context = SMB2CreateContextRequest()
    context["buffer_name"] = CreateContextName.SMB2_CREATE_DURABLE_HANDLE_REQUEST_V2
    context["buffer_data"] = durable
    with On(world) as on:
        on.open(f"{name}\\durable", contexts=[context]).close()


def test_maximal_access_is_told(world, folder):
    name, path = folder
    for share, whole in (("rw", True), ("ro", False)):
        (world.disk(share) / "access").write_text("x")
        context = SMB2CreateContextRequest()
        context["buffer_name"] = CreateContextName.SMB2_CREATE_QUERY_MAXIMAL_ACCESS_REQUEST
        context["buffer_data"] = SMB2CreateQueryMaximalAccessRequest()
        with On(world, share) as on:
            handle = on.open("access", FilePipePrinterAccessMask.GENERIC_READ, CreateDisposition.FILE_OPEN, contexts=[context])
            (answer,) = [c for c in handle.contexts if "maximal_access" in c.fields]
            if KIND == "smolsmb" or whole:
                assert bool(answer["maximal_access"].get_value() & 2) == whole


@pytest.fixture
def session(world):
    smbclient.ClientConfig(skip_dfs=True)
    smbclient.register_session("127.0.0.1", username="alice", password=ALICE.password, port=world.port)
    yield
    smbclient.reset_connection_cache()


def test_the_file_functions(world, folder, session):
    name, path = folder
    def at(*parts):
        return "\\\\127.0.0.1\\rw\\" + "\\".join([name, *parts])
    options = dict(port=world.port)
    smbclient.mkdir(at("d"), **options)
    smbclient.makedirs(at("d", "e", "f"), **options)
    with smbclient.open_file(at("d", "text"), mode="w", encoding="utf8", **options) as file:
        file.write("Grüße\n")
    assert (path / "d/text").read_text(encoding="utf8") == "Grüße\n"
    with smbclient.open_file(at("d", "text"), mode="ab", **options) as file:
        file.write(b"more")
    assert (path / "d/text").read_bytes() == "Grüße\nmore".encode()
    info = smbclient.stat(at("d", "text"), **options)
    disk = (path / "d/text").stat()
    assert info.st_size == disk.st_size and abs(info.st_mtime - disk.st_mtime) < 0.001 and stat.S_ISREG(info.st_mode)
    assert info.st_nlink == 1
    smbclient.utime(at("d", "text"), times=(1_400_000_000, 1_500_000_000), **options)
    assert (path / "d/text").stat().st_mtime == 1_500_000_000
    assert (path / "d/text").stat().st_atime == 1_400_000_000
    smbclient.copyfile(at("d", "text"), at("d", "copy"), **options)
    assert (path / "d/copy").read_bytes() == "Grüße\nmore".encode()
    smbclient.rename(at("d", "copy"), at("d", "moved"), **options)
    with pytest.raises(OSError):
        smbclient.rename(at("d", "moved"), at("d", "text"), **options)
    smbclient.replace(at("d", "moved"), at("d", "text"), **options)
    smbclient.link(at("d", "text"), at("d", "hard"), **options)
    assert (path / "d/hard").stat().st_nlink == 2
    smbclient.truncate(at("d", "text"), 3, **options)
    assert (path / "d/hard").stat().st_size == 3
    assert sorted(smbclient.listdir(at("d"), **options)) == ["e", "hard", "text"]
    assert {(os.path.basename(r.replace("\\", "/")), tuple(sorted(f))) for r, d, f in smbclient.walk(at("d"), **options)} == {
        ("d", ("hard", "text")), ("e", ()), ("f", ())}
    for entry in smbclient.scandir(at("d"), **options):
        assert entry.is_dir() == (entry.name == "e")
    volume = smbclient.stat_volume(at("d"), **options)
    disk = os.statvfs(path)
    assert abs(volume.total_size - disk.f_blocks * disk.f_frsize) < 1 << 20
    with pytest.raises(OSError):
        smbclient.rmdir(at("d"), **options)
    with pytest.raises(OSError):
        smbclient.stat(at("nothing"), **options)
    smbclient.remove(at("d", "text"), **options)
    smbclient.remove(at("d", "hard"), **options)
    smbclient.rmdir(at("d", "e", "f"), **options)
    smbclient.rmdir(at("d", "e"), **options)
    smbclient.rmdir(at("d"), **options)
    assert list(path.iterdir()) == []


def test_extended_attributes(world, folder, session):
    name, path = folder
    (path / "file").write_text("x")
    where, options = f"\\\\127.0.0.1\\rw\\{name}\\file", dict(port=world.port)
    smbclient.setxattr(where, "COLOUR", b"red", **options)
    smbclient.setxattr(where, "SIZE", b"\0\1\2" * 50, **options)
    assert smbclient.getxattr(where, "COLOUR", **options) == b"red"
    assert smbclient.getxattr(where, "SIZE", **options) == b"\0\1\2" * 50
    assert {n.upper() for n in map(lambda n: n if isinstance(n, str) else n.decode(), smbclient.listxattr(where, **options))} >= {"COLOUR", "SIZE"}
    on_disk = {n.lower(): os.getxattr(path / "file", n) for n in os.listxattr(path / "file")}
    assert on_disk["user.colour"] == b"red"
    smbclient.removexattr(where, "COLOUR", **options)
    assert "user.colour" not in {n.lower() for n in os.listxattr(path / "file")}


def test_streams(world, folder, session):
    name, path = folder
    (path / "file").write_text("main")
    where, options = f"\\\\127.0.0.1\\rw\\{name}\\file", dict(port=world.port)
    with smbclient.open_file(where + ":side", mode="wb", **options) as file:
        file.write(b"beside" * 100)
    with smbclient.open_file(where + ":side", mode="rb", **options) as file:
        assert file.read() == b"beside" * 100
    streams = {getattr(s, "name", s) for s in smbclient.liststreams(where, **options)}
    assert any("side" in str(s) for s in streams), streams
    assert (path / "file").read_text() == "main"
    smbclient.remove(where + ":side", **options)
    assert (path / "file").exists()
    assert not any("side" in str(getattr(s, "name", s)) for s in smbclient.liststreams(where, **options))


def test_exclusive_opens_exclude(world, folder, session):
    name, path = folder
    where, options = f"\\\\127.0.0.1\\rw\\{name}\\file", dict(port=world.port)
    with smbclient.open_file(where, mode="wb", share_access="", **options):
        with pytest.raises(OSError) as refusal:
            smbclient.open_file(where, mode="rb", share_access="rwd", **options)
        assert refusal.value.ntstatus == 0xC0000043
    smbclient.open_file(where, mode="rb", share_access="r", **options).close()


def test_x_mode_creates_only_what_is_not_there(world, folder, session):
    name, path = folder
    where, options = f"\\\\127.0.0.1\\rw\\{name}\\file", dict(port=world.port)
    smbclient.open_file(where, mode="xb", **options).close()
    with pytest.raises(OSError) as refusal:
        smbclient.open_file(where, mode="xb", **options)
    assert refusal.value.ntstatus == 0xC0000035
