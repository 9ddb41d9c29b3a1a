"""The demo's lasting processes: what each is called, how it is started, what to do when it dies."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sandbox.children import Child, end_all
from sandbox.errors import SandboxError

SHORT_S: Final = 10.0
"""Who lives no longer than this has a fault that another start does not cure."""
MOST_SHORT: Final = 3
FEW_LINES: Final = 4


@dataclass
class Post:
    """A place in the crew: how to fill it, and how soon after a death."""

    start: Callable[[], Child]
    rest_s: float
    child: Child | None = None
    started_s: float = 0.0
    due_s: float | None = None
    short_lives: int = 0

    def fill(self) -> Child:
        """Start the process."""
        self.child, self.started_s, self.due_s = self.start(), time.monotonic(), None
        return self.child


@dataclass
class Crew:
    """Starts, watches and replaces; the main thread alone uses it. `say` gets a line when somebody died."""

    say: Callable[[str], None]
    posts: dict[str, Post] = field(default_factory=dict)

    def hire(self, name: str, start: Callable[[], Child], rest_s: float) -> Child:
        """Start a process that is to be replaced `rest_s` after its death."""
        self.posts[name] = Post(start, rest_s)
        return self.posts[name].fill()

    def look_after(self) -> None:
        """Notice deaths and replace whom it is time to replace; SandboxError when that is of no use."""
        now_s = time.monotonic()
        for post in self.posts.values():
            if post.child is not None and not post.child.alive and post.due_s is None:
                self._mourn(post, post.child, now_s)
            if post.due_s is not None and now_s >= post.due_s:
                self.say(f"{post.fill().order.name} starts again")

    def dismiss(self) -> None:
        """End all."""
        end_all([post.child for post in self.posts.values() if post.child is not None])

    @property
    def present(self) -> list[Child]:
        """All children that were started last."""
        return [post.child for post in self.posts.values() if post.child is not None]

    def _mourn(self, post: Post, child: Child, now_s: float) -> None:
        short = now_s - post.started_s < SHORT_S
        post.short_lives = post.short_lives + 1 if short else 0
        if post.short_lives >= MOST_SHORT:
            raise SandboxError(child.obituary())
        post.due_s = now_s + post.rest_s
        self.say(child.obituary(f"It starts again in {post.rest_s:.0f} s.", FEW_LINES))
