"""Nothing outside a share is reached through it, whatever the path says."""

import os
import struct

import pytest

import raw as r

ESCAPES = [
    "..", "..\\", "..\\..\\..\\..\\etc\\passwd", "a\\..\\..\\secret", ".\\..\\secret", "in\\..\\..\\secret", "/../secret", "../secret",
    "in/../../secret", "\\..\\secret", "\\\\..\\secret", "C:\\secret", "\\\\?\\C:\\secret", "/etc/passwd", "\\etc\\passwd", "...\\secret",
    "..::$DATA", "in\\..", "in\\.\\..\\..\\secret", "..\0\\secret", "．．\\secret", "..%5csecret", "\uf02e\uf02e\\secret",
]


@pytest.fixture
def trap(world, folder):
    """A folder with a secret beside the share, and links that lead there."""
    name, path = folder
    secret = world.disk("rw").parent / "secret"
    secret.write_text("secret")
    (path / "in").mkdir()
    os.symlink("/etc", path / "etc-link")
    os.symlink("/etc/passwd", path / "passwd-link")
    os.symlink("../../secret", path / "up-link")
    os.symlink("..", path / "parent-link")
    os.symlink("../..", path / "grandparent-link")
    os.symlink("loop-b", path / "loop-a")
    os.symlink("loop-a", path / "loop-b")
    yield name, path
    assert secret.read_text() == "secret"
    secret.unlink()


@pytest.mark.parametrize("escape", ESCAPES, ids=[repr(e) for e in ESCAPES])
def test_a_path_that_leads_out_is_refused(world, trap, escape):
    name, path = trap
    outside = set(os.listdir(world.disk("rw").parent))
    with world.raw("rw") as c:
        for prefix in ("", name + "\\"):
            for options in (dict(), dict(disposition=3), dict(disposition=5), dict(disposition=3, options=1), dict(access=0x10000, options=0x1000)):
                status, file_id = c.create(prefix + escape, **options)
                if status == 0:  # An odd name inside the share is no escape: what it holds is not the secret.
                    reply = c.read(file_id, 0, 100)
                    assert b"secret" not in reply.body and b"root:" not in reply.body, (prefix, options)
                    c.set_info(file_id, 1, 13, b"\1")
                    c.close(file_id)
    assert set(os.listdir(world.disk("rw").parent)) == outside


@pytest.mark.parametrize("link", ["etc-link\\passwd", "passwd-link", "up-link", "grandparent-link\\secret", "grandparent-link\\..\\secret", "loop-a"])
def test_a_link_that_leads_out_is_not_followed(world, trap, link):
    name, path = trap
    with world.raw("rw") as c:
        for access in (0x00120089, 0x0012019F):
            status, file_id = c.create(f"{name}\\{link}", access=access)
            if status == 0:
                reply = c.read(file_id, 0, 100)
                assert b"root:" not in reply.body and b"secret" not in reply.body
        for disposition in (2, 3, 4, 5, 0):
            status, file_id = c.create(f"{name}\\{link}", disposition=disposition)
            if status == 0:
                c.write(file_id, 0, b"spoilt")
                c.close(file_id)
    with open("/etc/passwd") as passwd:
        assert "spoilt" not in passwd.read()


def test_a_listing_through_a_link_shows_nothing_outside(world, trap):
    name, path = trap
    for link in ("etc-link", "grandparent-link"):
        text = world.smbclient("rw", [f"ls {name}/{link}/*"], check=False)
        assert "passwd" not in text and "secret" not in text, text


@pytest.mark.parametrize("target", ["..\\..\\out", "\\..\\out", "/../out", "..\\..\\secret", "etc-link\\out", "grandparent-link\\out", "/tmp/out", "in\\..\\..\\..\\out"])
@pytest.mark.parametrize("info_class", [10, 11], ids=["rename", "link"])
def test_a_rename_or_link_that_leads_out_is_refused(world, trap, target, info_class):
    name, path = trap
    (path / "mine").write_text("mine")
    with world.raw("rw") as c:
        status, file_id = c.create(f"{name}\\mine", access=0x001F01FF)
        assert status == 0
        wide = f"{name}\\{target}".encode("utf-16-le") if not target.startswith(("\\", "/")) else target.encode("utf-16-le")
        reply = c.set_info(file_id, 1, info_class, struct.pack("<BxxxxxxxQI", 1, 0, len(wide)) + wide)
        assert reply.status != 0, target
    assert not (world.disk("rw").parent / "out").exists() and not os.path.exists("/etc/out") and not os.path.exists("/tmp/out")


@pytest.mark.parametrize("name,status", [
    ("a" * 256, {0xC0000033, 0xC000003A, 0xC0000106, 0xC0000034}), ("\\".join(["d"] * 2000), {r.OBJECT_PATH_NOT_FOUND, 0xC0000033, 0xC0000106}),
    ("bad\1name", {0xC0000033}), ("a<b", {0xC0000033}), ("a|b", {0xC0000033}), ('a"b', {0xC0000033}), ("a*b", {0xC0000033}), ("a?b", {0xC0000033}),
    ("a:b:c:d", {0xC0000033}), ("a::$BAD", {0xC0000033, 0xC000000D}), ("\ud800", {0xC0000033, 0xC0000034, 0xC000000D, 0xC0000161, 0xC0000162, 0}),
], ids=range(11))
def test_names_that_cannot_be_are_refused(world, folder, name, status):
    where, path = folder
    with world.raw("rw") as c:
        got, _ = c.create(f"{where}\\{name}", disposition=3)
        assert got in status, hex(got)


@pytest.mark.parametrize("onto", ['a"b', "a<b", "a>b", "a|b", "a*b", "a?b", "a:b", "trailing ", "trailing.", "back\\slash"])
def test_names_on_disk_that_windows_forbids_are_reached_by_some_name(world, folder, onto):
    """What a listing shows opens the file it stands for."""
    if "\\" in onto:
        pytest.skip("a backslash in a name cannot be told from a separator by smbclient")
    name, path = folder
    (path / onto).write_text("forbidden")
    with world.raw("rw") as c:
        status, folder_id = c.create(name, access=0x00120089, options=1)
        reply = c.query_directory(folder_id, info_class=12)
        names, at, body = [], 0, reply.body[8:]
        while True:
            following, _, length = struct.unpack_from("<III", body, at)
            names.append(body[at + 12 : at + 12 + length].decode("utf-16-le"))
            if not following:
                break
            at += following
        (shown,) = [n for n in names if n not in (".", "..")]
        status, file_id = c.create(f"{name}\\{shown}", access=0x00120089)
        assert status == 0, (shown, hex(status))
        assert c.read(file_id, 0, 100).body[16:] == b"forbidden"


def test_a_swapped_link_never_leads_out(world, folder):
    """A folder and a link to outside change places while files below it are opened."""
    import threading

    name, path = folder
    (path / "real").mkdir()
    (path / "real/passwd").write_text("inside")
    os.symlink("/etc", path / "evil")
    stop = threading.Event()

    def swap():
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        one, two = os.fsencode(path / "real"), os.fsencode(path / "evil")
        while not stop.is_set():
            libc.renameat2(-100, one, -100, two, 2)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        with world.raw("rw") as c:
            for _ in range(500):
                status, file_id = c.create(f"{name}\\real\\passwd", access=0x00120089)
                if status == 0:
                    assert c.read(file_id, 0, 100).body[16:] == b"inside"
                    c.close(file_id)
    finally:
        stop.set()
        thread.join()
