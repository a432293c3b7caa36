"""Report the progress of seeding to a terminal or a log."""

import time
from collections import Counter
from collections.abc import Callable

from .seeding import Amounts

SECONDS_BETWEEN_LINES = {True: 0.2, False: 10.0}  # keys: whether the output can overwrite a line


class Progress:
    """Count batches, and regularly report how many rows are done, of how many, and the rate.

    ``write`` is called with text. On a terminal, progress stays on one line.
    """

    def __init__(self, amounts: Amounts, write: Callable[[str], None], *, terminal: bool, clock=time.monotonic):
        self.amounts = amounts
        self.write = write
        self.terminal = terminal
        self.clock = clock
        self.done: Counter[str] = Counter()
        self.added: Counter[str] = Counter()
        self.started = self.said = clock()

    def report(self, what: str, done: int, added: int) -> None:
        self.done[what] += done
        self.added[what] += added
        now = self.clock()
        if now - self.said < SECONDS_BETWEEN_LINES[self.terminal]:
            return
        self.said = now
        line = ", ".join(f"{what} {done:,} of {getattr(self.amounts, what):,}" for what, done in self.done.items())
        line += f" ({self.done.total() / self.seconds:,.0f} a second)"
        self.write(f"\r\033[K{line}" if self.terminal else f"{line}\n")

    @property
    def seconds(self) -> float:
        return max(self.clock() - self.started, 0.001)

    def finish(self) -> None:
        """Report how many rows were added, how many existed, and how many did not fit."""
        self.write("\r\033[K" if self.terminal else "")
        for what, asked in self.amounts._asdict().items():
            there = self.done[what] - self.added[what]
            line = f"{what}: {self.added[what]:,} added"
            line += f", {there:,} already there or in conflict" if there else ""
            self.write(f"{line}\n")
            if self.done[what] < asked:
                left_out = asked - self.done[what]
                self.write(
                    f"{left_out:,} {what} left out. There are too few vehicles and riders for so many in six weeks.\n"
                )
        self.write(f"In {self.seconds:.1f} seconds.\n")
