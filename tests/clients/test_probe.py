"""`smolsmb probe`: the server is tried over the network, as one of the share's people would."""

import json
import subprocess

import pytest
from conftest import lab

pytestmark = pytest.mark.ours


def probe(server, share, check=True):
    command = [server.binary(), "probe", share, "--config", str(server.directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode == 0) is check, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "share, user, writable",
    [("rw", "alice", True), ("ro", "alice bob", False), ("sealed", "alice", True), ("bobs", "bob", True), ("guest-write", "alice bob", True)],
)
def test_a_share_is_listed_and_written_to_as_one_of_its_people(world, share, user, writable):
    (world.paths[share] / "süß 🦀.txt").write_text("x")
    before = sorted(p.name for p in world.paths[share].iterdir())
    found = json.loads(probe(world.server, share))
    assert found["ok"] and not found["guest"], found
    assert found["writable"] is writable, found
    assert "süß 🦀.txt" in found["names"].split("\n") or len(before) > 12
    assert found["user"] in user.split()
    assert sorted(p.name for p in world.paths[share].iterdir()) == before, "nothing is left behind"


def test_a_share_for_guests_alone_is_tried_as_one(tmp_path):
    (tmp_path / "files").mkdir(mode=0o777)
    server = lab.start("smolsmb", tmp_path / "server", [lab.Share("open", str(tmp_path / "files"), guest="read")], [])
    try:
        found = json.loads(probe(server, "open"))
        assert found["guest"] and found["user"] == "" and not found["writable"], found
    finally:
        server.stop()


@pytest.mark.parametrize("share, why", [("nowhere", "no share 'nowhere'"), ("x'; touch y", "no share")])
def test_what_cannot_be_tried_is_told(world, share, why):
    assert why in probe(world.server, share, check=False)
