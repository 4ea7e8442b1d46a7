"""What the server tells its owner, as docs/control.md has it."""

import json
import pathlib
import re
import socket

import pytest
from raw import Gone

pytestmark = pytest.mark.ours


def ask(world, request):
    """One request over the control socket, as a page asks."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(20)
        link.connect(str(world.server.directory / "smolsmb.sock"))
        link.sendall(json.dumps(request).encode() + b"\n")
        line = b"".join(iter(lambda: link.recv(65536), b""))
    assert line.count(b"\n") == 1 and line.endswith(b"\n"), line
    return json.loads(line)


def status(world):
    answer = ask(world, {"command": "status"})
    assert answer["ok"] is True, answer
    return answer["status"]


def test_status_tells_who_is_there_and_what_is_open(world, folder):
    name, path = folder
    before = status(world)["totals"]["bytes_written"]
    with world.raw("rw") as raw:
        opened, file_id = raw.create(f"{name}\\a file", disposition=5)
        assert opened == 0
        assert raw.write(file_id, 0, b"x" * 1000).status == 0
        now = status(world)
        session = next(s for s in now["sessions"] if s["id"] == str(raw.session))
        assert (session["user"], session["guest"], session["address"]) == ("alice", False, "127.0.0.1")
        assert session["dialect"] and session["signing"] and session["since"] > 1_700_000_000 and session["opens"] == 1
        mine = [o for o in now["opens"] if o["session"] == session["id"]]
        assert [(o["share"], o["path"], o["locks"]) for o in mine] == [("rw", f"{name}/a file", 0)]
        assert "write" in mine[0]["access"]
        assert now["totals"]["bytes_written"] - before >= 1000
        share = next(s for s in now["shares"] if s["name"] == "rw")
        assert (share["state"], share["why"], share["path"]) == ("served", "", str(world.disk("rw")))
        assert share["uses"] >= 1
    assert [one["address"] for one in now["listening"]] == [f"127.0.0.1:{world.port}"]
    rows = {row["name"]: row for row in now["memory"]["rows"]}
    assert rows["opens"]["used"] >= 1 and rows["opens"]["capacity"] >= rows["opens"]["used"] and rows["opens"]["bytes"] > 0
    assert now["memory"]["ceiling"] > 0 and now["mistakes"] == []


def test_a_session_is_ended(world):
    raw = world.raw("rw")
    assert ask(world, {"command": "disconnect", "session": str(raw.session)}) == {"ok": True}
    assert ask(world, {"command": "disconnect", "session": str(raw.session)})["ok"] is False
    with pytest.raises(Gone):
        raw.create("a", disposition=5)


def test_every_field_is_on_the_page(world):
    page = (pathlib.Path(__file__).resolve().parents[2] / "docs/control.md").read_text()
    words = set(re.findall(r"`([a-z_]+)`", page))

    def names(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield key
                yield from names(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from names(inner)

    with world.raw("rw") as raw:
        raw.create("status-fields", disposition=5)
        missing = set(names(status(world))) - words
    assert not missing
