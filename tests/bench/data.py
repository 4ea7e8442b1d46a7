"""What lies in the share before a row begins."""

import os
import subprocess
import sys

# Bytes of the file that is read: small enough to stay in the page cache.
CACHED = 256 << 20


def big(folder):
    """A file whose every byte says where it is; the load's `pattern` is the same."""
    import numpy

    with open(folder / "big", "wb") as file:
        for at in range(0, CACHED, 1 << 20):
            place = numpy.arange(at, at + (1 << 20), dtype=numpy.uint32)
            file.write((place ^ place >> 8 ^ place >> 16).astype(numpy.uint8).tobytes())


def entries(folder, name, count):
    (folder / name).mkdir()
    for i in range(count):
        (folder / name / f"entry {i:05}.txt").touch()


def squashfs(folder):
    """A disk that cannot say whether reading it would wait (RWF_NOWAIT), as FAT, exFAT, NTFS and FUSE cannot: the big file in a squashfs."""
    prepare(folder, ["big"])
    image = folder.with_suffix(".squashfs")
    try:
        (folder / "squashfs").mkdir()
        subprocess.run(["mksquashfs", folder / "big", image, "-quiet", "-no-progress", "-noI", "-noD", "-noF", "-noX", "-no-fragments"], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop,ro", image, folder / "squashfs"], check=True)
        # Rows read what is in memory.
        subprocess.run(["cat", folder / "squashfs/big"], check=True, stdout=subprocess.DEVNULL)
    finally:
        image.unlink(missing_ok=True)  # What is mounted keeps it.


def ramfs(folder):
    """A disk that keeps no extended attributes, as FAT and exFAT do not."""
    (folder / "ramfs").mkdir()
    subprocess.run(["mount", "-t", "ramfs", "none", folder / "ramfs"], check=True)
    entries(folder / "ramfs", "many", 10_000)


MAKERS = {
    "big": big,
    "squashfs": squashfs,
    "ramfs": ramfs,
    "many": lambda folder: entries(folder, "many", 10_000),
    "crowd": lambda folder: entries(folder, "crowd", 100_000),
}


def prepare(folder, needs):
    """Makes what is needed and not there; what cannot be made here."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    missing = set()
    for need in needs:
        if not (folder / need).exists():
            try:
                MAKERS[need](folder)
            except (OSError, subprocess.CalledProcessError) as problem:
                print(f"no {need} here: {problem}", file=sys.stderr)
                missing.add(need)
    return missing


def clear(folder):
    """Unmounts what `prepare` mounted."""
    for disk in ("squashfs", "ramfs"):
        if os.path.ismount(folder / disk):
            subprocess.run(["umount", "--lazy", folder / disk], check=False)
