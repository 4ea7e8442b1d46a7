"""libsmbclient: what GNOME, KDE and Kodi speak through, by a small C program compiled here."""

import pathlib
import subprocess

import pytest

from conftest import ALICE


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    source = pathlib.Path(__file__).with_name("libsmbclient.c")
    out = tmp_path_factory.mktemp("c") / "libsmbclient"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "smbclient"], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["cc", "-Wall", "-O1", "-o", out, source, *flags], check=True)
    return out


@pytest.mark.parametrize("share", ["rw", "shm"])
def test_libsmbclient_walks_the_whole_way(world, folder, program, share):
    name, path = folder
    if share != "rw":
        world.disk(share, name).mkdir()
    text = world.run(program, world.port, share, name, "alice", ALICE.password, env={"HOME": "/nonexistent", "LANG": "C.UTF-8"})
    assert "share is listed: ok" in text
    assert list(world.disk(share, name).iterdir()) == []


def test_libsmbclient_is_told_of_a_wrong_password(world, folder, program):
    text = world.run(program, world.port, "rw", folder[0], "alice", "Wrong-1", check=False, env={"HOME": "/nonexistent"})
    assert "mkdir: Permission denied" in text or "mkdir: Operation not permitted" in text, text
