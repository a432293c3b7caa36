"""Generated sections of a page, between two markers."""

from pathlib import Path


def markers(name: str) -> tuple[str, str]:
    return f"<!-- made by script/bench {name} --write -->\n\n", f"\n<!-- end of script/bench {name} -->"


def between(page: str, name: str) -> str:
    """Return the section between the markers with the given name."""
    begin, end = markers(name)
    return page.split(begin)[1].split(end)[0]


def replaced(page: str, name: str, made: str) -> str:
    """Return the page with the section replaced."""
    begin, end = markers(name)
    before, rest = page.split(begin)
    _old, after = rest.split(end)
    return f"{before}{begin}{made}{end}{after}"


def write(path: Path, name: str, made: str) -> None:
    path.write_text(replaced(path.read_text(), name, made))
