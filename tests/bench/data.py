"""What lies in the share before a row begins."""

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


MAKERS = {
    "big": big,
    "many": lambda folder: entries(folder, "many", 10_000),
    "crowd": lambda folder: entries(folder, "crowd", 100_000),
}


def prepare(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    for need in {need for row in rows for need in row.needs}:
        if not (folder / need).exists():
            MAKERS[need](folder)
