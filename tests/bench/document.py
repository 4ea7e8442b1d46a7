"""docs/performance.md: what is measured stands between marks, and is put there anew; the rest is written by hand."""

from bench import lab

PAGE = lab.ROOT / "docs/performance.md"
PICTURES = lab.ROOT / "docs/performance"


def put(name, lines):
    """Replaces what stands between the marks of that name; they must be there."""
    begin, end = f"<!-- {name}: made by tests/bench -->", f"<!-- end of {name} -->"
    text = PAGE.read_text()
    if text.count(begin) != 1 or text.count(end) != 1:
        raise RuntimeError(f"{PAGE} must have one '{begin}' and one '{end}'")
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    PAGE.write_text(f"{before}{begin}\n" + "\n".join(lines).strip() + f"\n{end}{after}")
