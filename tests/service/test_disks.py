"""Disks that come late, go in use, come back, are ejected, full, read-only or failing; and shares made for them."""

import os
import pathlib
import subprocess
import threading

import pytest

import lab
from conftest import ALICE, ask, eventually, run, status
from raw import Raw

BAD_NETWORK_NAME, DISK_FULL, WRITE_PROTECTED = 0xC00000CC, 0xC000007F, 0xC00000A2
NAME_DELETED, FILE_CLOSED = 0xC00000C9, 0xC0000128


class Disk:
    """An ext4 file system in a file, to be mounted below /mnt as a stick is."""

    def __init__(self, folder, name, size=16, options=()):
        self.image = folder / f"{name}.img"
        self.point = pathlib.Path(f"/mnt/smolsmb-{os.getpid()}-{name}")
        self.point.mkdir(parents=True)
        with open(self.image, "wb") as image:
            image.truncate(size << 20)
        run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0", *options, self.image)

    def mount(self, point=None, options="loop"):
        text = subprocess.run(["mount", "-t", "ext4", "-o", options, self.image, point or self.point], capture_output=True, text=True)
        if text.returncode and ("loop" in text.stderr or "permission" in text.stderr.lower()):
            pytest.skip(f"no loop mounts here: {text.stderr.strip()}")
        assert text.returncode == 0, text.stderr
        return self

    def unmount(self, *options, check=True):
        return run("umount", *options, self.point, check=check)


@pytest.fixture
def disks(base):
    made = []

    def make(name, **options):
        made.append(Disk(base, f"{len(made)}{name}", **options))
        return made[-1]

    yield make
    for disk in made:
        while run("umount", "-l", disk.point, check=False) == 0:
            pass
        disk.point.rmdir()


class Server(lab.Smolsmb):
    """Ours, with further lines in its configuration."""

    server_lines, share_lines = (), ()

    def configure(self):
        super().configure()
        file = self.directory / "smolsmb"
        text = file.read_text().replace("config server 'server'", "\n".join(["config server 'server'", *self.server_lines]))
        file.write_text(text + "".join(f"{line}\n" for line in self.share_lines))


def serving(base, disk=None, server_lines=(), share_lines=(), path=None):
    shares = [lab.Share("disk", str(path or disk.point), writers=["alice"])] if disk else []
    server = Server(base / "server", shares, [ALICE])
    server.server_lines, server.share_lines = server_lines, share_lines
    return server


def connect(server, share="disk"):
    """The status of a tree connect."""
    with Raw(server.port) as raw:
        assert raw.login(ALICE.name, ALICE.password).status == 0
        return raw.connect(share).status


def client(server, share="disk"):
    raw = Raw(server.port)
    assert raw.login(ALICE.name, ALICE.password).status == 0
    assert raw.connect(share).status == 0
    return raw


def listed(server):
    done = subprocess.run(["smbclient", "-g", "-L", "//127.0.0.1", "-p", str(server.port), "-U", f"{ALICE.name}%{ALICE.password}"],
                          capture_output=True, text=True, timeout=30)
    return {line.split("|")[1] for line in done.stdout.splitlines() if line.startswith("Disk|")}


def state(server, name="disk"):
    one = next(share for share in status(server)["shares"] if share["name"] == name)
    return one["state"], one["why"]


def flush(raw, file_id):
    return raw.call(7, b"\x18\0\0\0\0\0\0\0" + file_id).status


def save(raw, name, data, sync=True):
    """Writes a file; its statuses, the last one that of FLUSH."""
    opened, file_id = raw.create(name, disposition=5)
    assert opened == 0, hex(opened)
    answers = [raw.write(file_id, at, data[at:at + 60000]).status for at in range(0, len(data), 60000)]
    if sync:
        answers.append(flush(raw, file_id))
    raw.close(file_id)
    return answers


def test_a_disk_that_comes_late_is_served_then_and_not_the_folder_below_it(base, disks):
    disk = disks("late")
    with serving(base, disk) as server:
        assert connect(server) == BAD_NETWORK_NAME and listed(server) == set()
        assert state(server)[0] == "absent" and "no disk is mounted" in state(server)[1]
        disk.mount()
        assert eventually(lambda: connect(server) == 0), server.log_tail()
        assert listed(server) == {"disk"} and state(server) == ("served", "")
        with client(server) as raw:
            assert set(save(raw, "new", b"x" * 100)) == {0}
        assert (disk.point / "new").read_bytes() == b"x" * 100
        seen = status(server)["disks"]
        mine = next(one for one in seen if one["path"] == str(disk.point))
        assert mine["filesystem"] == "ext4" and mine["share"] == "disk" and mine["device"].startswith("/dev/loop") and not mine["offered"]


def test_a_disk_pulled_out_in_use_fails_cleanly_and_comes_back(base, disks):
    disk = disks("pulled").mount()
    with serving(base, disk) as server:
        with client(server) as raw:
            opened, file_id = raw.create("kept", disposition=5)
            assert opened == 0
            assert raw.write(file_id, 0, b"kept" * 1000).status == 0 and flush(raw, file_id) == 0
            disk.unmount("-l")
            assert eventually(lambda: state(server)[0] == "absent"), server.log_tail()
            assert raw.write(file_id, 0, b"lost").status in (NAME_DELETED, FILE_CLOSED)
            assert raw.create("other", disposition=5)[0] == NAME_DELETED
            assert raw.connect("disk").status == BAD_NETWORK_NAME
            assert list(disk.point.iterdir()) == [], "written to the folder below the disk"
            # Nothing of ours keeps the disk busy, so it can be mounted by itself again.
            disk.mount()
            assert eventually(lambda: connect(server) == 0), server.log_tail()
            assert raw.connect("disk").status == 0
            opened, file_id = raw.create("kept", disposition=1)
            assert opened == 0 and raw.read(file_id, 0, 4000).body[16:] == b"kept" * 1000
        for _ in range(5):
            disk.unmount("-l")
            disk.mount()
        assert eventually(lambda: connect(server) == 0), server.log_tail()
        assert "panic" not in server.log_tail(200)


def test_a_folder_of_the_router_with_files_in_it_is_no_disk_and_served(base, disks):
    disk = disks("folder")
    (disk.point / "file").write_text("x")
    try:
        with serving(base, disk) as server:
            assert connect(server) == 0
            # Once a disk was there, only a disk will do.
            disk.mount()
            assert eventually(lambda: status(server)["disks"]) and eventually(lambda: connect(server) == 0)
            disk.unmount("-l")
            assert eventually(lambda: state(server) == ("absent", "its disk is not mounted")), state(server)
            assert connect(server) == BAD_NETWORK_NAME
    finally:
        (disk.point / "file").unlink()


def test_eject_names_who_held_it_and_then_it_can_be_unmounted(base, disks):
    disk = disks("eject").mount()
    (disk.point / "sub").mkdir()
    with serving(base, disk, path=disk.point / "sub") as server, client(server) as raw:
        assert disk.unmount(check=False) != 0, "the share holds it"
        opened, file_id = raw.create("held", disposition=5)
        assert opened == 0 and raw.write(file_id, 0, b"held").status == 0
        answer = ask(server, {"command": "eject", "path": str(disk.point)})
        assert answer["ok"] is True, answer
        held = [(one["user"], one["address"], one["share"], one["path"]) for one in answer["holders"]]
        assert held == [("alice", "127.0.0.1", "disk", "held")] and "disk/held" in answer["text"]
        # Still mounted, and not served.
        assert state(server) == ("absent", "its disk was ejected") and connect(server) == BAD_NETWORK_NAME
        assert [one["ejected"] for one in status(server)["disks"] if one["path"] == str(disk.point)] == [True]
        server.reload()
        assert connect(server) == BAD_NETWORK_NAME
        disk.unmount()
        assert raw.write(file_id, 0, b"late").status in (NAME_DELETED, FILE_CLOSED)
        disk.mount()
        assert eventually(lambda: connect(server) == 0), server.log_tail()
        assert (disk.point / "sub/held").read_bytes() == b"held"
        for wrong in ("/", "/proc/self", "/nowhere/at/all"):
            refused = ask(server, {"command": "eject", "path": wrong})
            assert refused["ok"] is False and refused["error"], refused
        # By hand.
        text = run(server.binary(), "eject", disk.point, "--config", server.directory)
        assert text == f"{disk.point} can be unmounted\n"
        disk.unmount()


def test_eject_lets_a_client_write_back_what_it_caches(base, disks):
    disk = disks("cached").mount()
    with serving(base, disk) as server, client(server) as raw:
        opened, file_id = raw.create("cached", disposition=5, oplock=9)
        assert opened == 0
        answer = {}
        thread = threading.Thread(target=lambda: answer.update(ask(server, {"command": "eject", "path": str(disk.point)})))
        thread.start()
        broken = raw.receive()
        assert broken[12:14] == b"\x12\0", "an oplock break"
        assert raw.write(file_id, 0, b"written back").status == 0
        assert raw.call(0x12, b"\x18\0\0\0\0\0\0\0" + file_id).status == 0
        thread.join(30)
        assert answer["ok"] is True and "did not write back" not in answer["text"], answer
        disk.unmount()
        disk.mount()
        assert (disk.point / "cached").read_bytes() == b"written back"


def test_eject_does_not_wait_for_ever_for_a_client_that_is_silent(base, disks):
    disk = disks("silent").mount()
    with serving(base, disk) as server, client(server) as raw:
        assert raw.create("cached", disposition=5, oplock=9)[0] == 0
        answer = ask(server, {"command": "eject", "path": str(disk.point)})
        assert answer["ok"] is True and "did not write back" in answer["text"], answer
        disk.unmount()


def test_a_full_disk_says_so_and_keeps_what_it_acknowledged(base, disks):
    disk = disks("full", size=8).mount()
    with serving(base, disk) as server:
        with client(server) as raw:
            kept = os.urandom(1 << 20)
            assert set(save(raw, "kept", kept)) == {0}
            answers = save(raw, "large", bytes(16 << 20))
            assert set(answers[:-1]) == {0, DISK_FULL}, set(answers)
            (disk.point / "large").unlink()
            assert set(save(raw, "after", b"room again")) == {0}
        assert ask(server, {"command": "eject", "path": str(disk.point)})["ok"] is True
        disk.unmount()
        disk.mount()
        assert (disk.point / "kept").read_bytes() == kept and (disk.point / "after").read_bytes() == b"room again"


def test_a_read_only_disk_can_be_read_only(base, disks):
    disk = disks("ro").mount()
    (disk.point / "file").write_text("x")
    disk.unmount()
    disk.mount(options="loop,ro")
    with serving(base, disk) as server, client(server) as raw:
        assert raw.create("new", disposition=2)[0] == WRITE_PROTECTED
        opened, file_id = raw.create("file", access=0x00120089)
        assert opened == 0 and raw.read(file_id, 0, 1).body[16:] == b"x"
        assert [one["read_only"] for one in status(server)["disks"] if one["path"] == str(disk.point)] == [True]


def test_flush_fails_where_the_disk_does(base, disks):
    """The disk's blocks are on a tmpfs too small for them: what is written back meets EIO."""
    small = base / "small"
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", small)
    try:
        disk = Disk(small, "failing", size=64, options=("-O", "^has_journal"))
        try:
            disk.mount()
            with serving(base, disk) as server:
                with client(server) as raw:
                    kept = os.urandom(1 << 20)
                    assert set(save(raw, "kept", kept)) == {0}
                    opened, file_id = raw.create("lost", disposition=5)
                    assert opened == 0
                    for at in range(0, 32 << 20, 1 << 16):
                        raw.write(file_id, at, os.urandom(1 << 16))
                    answer = flush(raw, file_id)
                    assert answer >= 0xC0000000, f"FLUSH said {answer:#x}, and nothing is on the disk"
                    opened, other = raw.create("kept", access=0x00120089)
                    assert opened == 0 and raw.read(other, 0, 1000).body[16:] == kept[:1000]
                assert server.alive() and "panic" not in server.log_tail(200)
        finally:
            run("umount", "-l", disk.point, check=False)
            disk.point.rmdir()
    finally:
        run("umount", "-l", small, check=False)


def test_a_share_is_found_by_its_disks_uuid_wherever_that_is(base, disks):
    disk, place = disks("uuid", options=("-U", "a1b2c3d4-0000-4000-8000-00000000beef", "-L", "Fotos")), disks("place")
    lines = ["config share", "\toption name 'by-uuid'", "\toption uuid 'A1B2C3D4-0000-4000-8000-00000000BEEF'", "\toption path '/sub'",
             "\tlist write_user alice"]
    with serving(base, share_lines=lines) as server:
        assert connect(server, "by-uuid") == BAD_NETWORK_NAME
        assert state(server, "by-uuid") == ("absent", "no mounted disk has this UUID")
        disk.mount()
        (disk.point / "sub").mkdir()
        assert eventually(lambda: connect(server, "by-uuid") == 0), server.log_tail()
        seen = next(one for one in status(server)["disks"] if one["path"] == str(disk.point))
        assert (seen["label"], seen["uuid"], seen["share"]) == ("Fotos", "a1b2c3d4-0000-4000-8000-00000000beef", "by-uuid")
        disk.unmount("-l")
        assert eventually(lambda: connect(server, "by-uuid") == BAD_NETWORK_NAME)
        disk.mount(point=place.point)
        assert eventually(lambda: connect(server, "by-uuid") == 0), server.log_tail()
        with client(server, "by-uuid") as raw:
            assert set(save(raw, "here", b"x")) == {0}
        assert (place.point / "sub/here").exists()


@pytest.mark.parametrize("policy", ["off", "ask", "read", "write"])
def test_disks_are_shared_as_the_policy_says(base, disks, policy):
    disk = disks("auto", options=("-L", "Musik"))
    with serving(base, server_lines=[f"\toption auto_share '{policy}'"]) as server:
        assert status(server)["shares"] == []
        disk.mount()
        mine = lambda: next((one for one in status(server)["disks"] if one["path"] == str(disk.point)), None)  # noqa: E731
        assert eventually(mine), server.log_tail()
        assert mine()["offered"] is (policy == "ask") and mine()["share"] == ("Musik" if policy in ("read", "write") else "")
        if policy in ("off", "ask"):
            assert connect(server, "Musik") == BAD_NETWORK_NAME and listed(server) == set()
            return
        assert listed(server) == {"Musik"} and [share["automatic"] for share in status(server)["shares"]] == [True]
        with client(server, "Musik") as raw:
            made = raw.create("new", disposition=2)[0]
            assert (made == 0) is (policy == "write"), hex(made)
        with Raw(server.port) as raw:  # Nobody without a password.
            raw.login("stranger", "x")
            assert raw.connect("Musik").status != 0
        before = (server.directory / "smolsmb").read_text()
        disk.unmount("-l")
        assert eventually(lambda: not status(server)["shares"]) == True  # noqa: E712
        assert connect(server, "Musik") == BAD_NETWORK_NAME
        assert (server.directory / "smolsmb").read_text() == before, "nothing of it is kept"
