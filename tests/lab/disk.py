"""A btrfs disk in a file, for what other disks lack: reflinks and compression flags."""

import pathlib
import subprocess
import sys


def btrfs(folder: pathlib.Path, mebibytes: int) -> bool:
    """Mounts a new btrfs disk on the folder, its image beside it; False where there is no mkfs.btrfs or loop device."""
    image = folder.with_suffix(".img")
    with open(image, "wb") as file:
        file.truncate(mebibytes << 20)
    for command in (["mkfs.btrfs", "-q", str(image)], ["mount", "-o", "loop,noatime", str(image), str(folder)]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return False
        if done.returncode != 0:
            print(f"no btrfs disk: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return False
    return True


def unmount(folder: pathlib.Path):
    subprocess.run(["umount", "--lazy", str(folder)], check=False)
