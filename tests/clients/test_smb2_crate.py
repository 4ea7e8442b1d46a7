"""The `smb2` crate (Rust): pipelined and compound reads and writes, streams, listings."""

import os
import pathlib
import subprocess

import pytest

import lab
from conftest import ALICE


@pytest.fixture(scope="module")
def program():
    here = pathlib.Path(__file__).with_name("smb2-crate")
    target = lab.ROOT / "target/smb2-crate"
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--target-dir", target], cwd=here, check=True, timeout=600)
    return target / "debug/smb2-crate"


@pytest.mark.parametrize("share", ["rw", "shm"])
def test_the_smb2_crate_walks_the_whole_way(world, folder, program, share):
    name, path = folder
    there = world.disk(share, name)
    there.mkdir(exist_ok=True)
    text = world.run(program, f"127.0.0.1:{world.port}", share, name, "alice", ALICE.password)
    assert "all is well" in text, text
    expected = bytes((i * 31 + i // 251) & 255 for i in range(70_000))
    assert (there / "whole 70000").read_bytes() == expected
    assert (there / "pipelined").stat().st_size == 20_000_003
    assert not (there / "made").exists()


def test_the_smb2_crate_is_told_of_a_wrong_password(world, folder, program):
    text = world.run(program, f"127.0.0.1:{world.port}", "rw", folder[0], "alice", "Wrong-1", check=False)
    assert "all is well" not in text and "list shares" not in text
