"""Tables in Markdown."""

from collections.abc import Sequence


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [heads, ["---", *("--:" for _head in heads[1:])], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
