"""What a run came to: a row for each step, said as it goes, as a table at the end."""

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table

Report = Callable[[str], None]


@dataclass(slots=True)
class Row:
    """One step."""

    where: str
    title: str
    seconds: float = 0.0
    facts: list[str] = field(default_factory=list)
    wrong: str | None = None
    """The first line of what went wrong."""


class StepFailedError(Exception):
    """A step failed, and was told; what builds upon it is left out."""


@dataclass(slots=True)
class Ledger:
    """Everything that one run proved or failed to prove."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    begun_s: float = field(default_factory=time.monotonic)
    rows: list[Row] = field(default_factory=list)
    where: str = ""

    def say(self, text: str) -> None:
        """A line with the time since the run began."""
        past_s = round(time.monotonic() - self.begun_s)
        self.out.write(f"{past_s // 60:3d}:{past_s % 60:02d}  {text}\n")
        self.out.flush()

    @contextmanager
    def step(self, title: str, *, fatal: bool = False) -> Iterator[Report]:
        """Time what happens inside and note its failure; with `fatal` the rest of the session is left out."""
        row = Row(self.where, title)
        self.rows.append(row)
        self.say(f"{self.where}: {title} …")
        begun_s = time.monotonic()
        try:
            yield row.facts.append
        except Exception as error:
            row.wrong = f"{type(error).__name__}: {error}"
            self.say(f"{self.where}: {title}: FAILED\n{traceback.format_exc()}")
            if fatal:
                raise StepFailedError(title) from error
        except BaseException:
            row.wrong = "stopped from outside"
            raise
        finally:
            row.seconds = time.monotonic() - begun_s
            if row.wrong is None:
                self.say(f"{self.where}: {title}: {row.seconds:.0f} s; {'; '.join(row.facts)}")

    @property
    def good(self) -> bool:
        """Whether there is anything, and nothing went wrong."""
        return bool(self.rows) and not any(row.wrong for row in self.rows)

    def table(self) -> None:
        """Print all rows."""
        shown = Table(box=box.SIMPLE, expand=False)
        for column in ("guest", "step", "seconds", "what was proved"):
            shown.add_column(column, justify="right" if column == "seconds" else "left", overflow="fold")
        for row in self.rows:
            told = "; ".join(row.facts) if row.wrong is None else f"FAILED: {row.wrong.splitlines()[0]}"
            shown.add_row(row.where, row.title, f"{row.seconds:.0f}", told)
        Console(file=self.out, width=None if self.out.isatty() else 160).print(shown)

    def write(self, path: Path) -> None:
        """The same as a table in Markdown."""
        lines = ["| guest | step | seconds | what was proved |", "|---|---|---:|---|"]
        for row in self.rows:
            told = "; ".join(row.facts) if row.wrong is None else f"**failed**: {row.wrong.splitlines()[0]}"
            lines.append(f"| {row.where} | {row.title} | {row.seconds:.0f} | {told.replace('|', '/')} |")
        path.write_text("\n".join(lines) + "\n")
