"""What the running server may do, and that it is enough for files that belong to others."""

import os
import pathlib
import pwd
import subprocess

import lab
from conftest import ALICE, eventually
from raw import Raw

KEPT = {0: "chown", 1: "dac_override", 2: "dac_read_search", 3: "fowner", 4: "fsetid", 6: "setgid", 7: "setuid", 10: "net_bind_service"}


def fields(path):
    return dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)


def rights(text):
    return {bit for bit in range(64) if int(text, 16) >> bit & 1}


def test_only_what_is_needed_is_kept_and_it_is_enough(base):
    folder = base / "disk"
    folder.mkdir(mode=0o700)
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    server = lab.Smolsmb(base / "server", [lab.Share("disk", str(folder), writers=["alice"])], [ALICE])
    configure = server.configure

    def forced():
        configure()
        file = server.directory / "smolsmb"
        file.write_text(file.read_text() + "\toption force_user 'nobody'\n")

    server.configure = forced
    with server:
        with Raw(server.port) as raw:
            assert raw.login(ALICE.name, ALICE.password).status == 0
            assert raw.connect("disk").status == 0
            status, file_id = raw.create("new", disposition=5)
            assert status == 0
            assert raw.write(file_id, 0, b"x").status == 0
            assert raw.close(file_id).status == 0
        made = (folder / "new").stat()
        assert (made.st_uid, made.st_gid) == (nobody.pw_uid, nobody.pw_gid)
        tasks = list(pathlib.Path(f"/proc/{server.pid}/task").iterdir())
        for task in tasks:
            now = fields(task / "status")
            for name in ("CapPrm", "CapEff", "CapBnd"):
                assert rights(now[name]) <= set(KEPT), (name, now[name])
            assert rights(now["CapInh"]) == rights(now["CapAmb"]) == set()
            assert now["NoNewPrivs"].strip() == "1"


def test_as_somebody_without_rights_it_serves_too(base):
    """As a developer starts it: nothing to give up is no mistake."""
    base.chmod(0o755)
    folder = base / "own"
    folder.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    (folder / "config").mkdir()
    (folder / "config/smolsmb").write_text("config server\n")
    os.chown(folder / "config", nobody.pw_uid, nobody.pw_gid)
    binary = base / "smolsmb"
    binary.write_bytes(pathlib.Path(lab.Smolsmb.binary()).read_bytes())
    binary.chmod(0o755)
    port = lab.servers.free_port()
    log = open(base / "log", "wb")
    process = subprocess.Popen(
        [binary, "serve", "--config", folder / "config", "--listen", f"127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, user="nobody", group=nobody.pw_gid, extra_groups=[], cwd="/",
    )
    try:
        text = (base / "log").read_text
        if "Permission denied" in text():
            import pytest
            pytest.skip("nobody may not come here")
        assert eventually(lambda: "listening on" in text()), text()
        now = fields(pathlib.Path(f"/proc/{process.pid}/status"))
        assert eventually(lambda: fields(pathlib.Path(f"/proc/{process.pid}/status"))["NoNewPrivs"].strip() == "1")
        assert rights(now["CapPrm"]) == set()
        assert "given up" not in text()
    finally:
        process.terminate()
        process.wait()
        log.close()
