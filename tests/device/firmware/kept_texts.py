"""Every text that a process still refers to: for what is to be kept nowhere."""

import gc
import sys
import traceback


def texts():
    """Every string and every bytes that anything in this process refers to, locals of all threads too."""
    todo = list(gc.get_objects())
    for innermost in sys._current_frames().values():
        todo.extend(
            value for frame, _ in traceback.walk_stack(innermost) for value in frame.f_locals.values()
        )
    seen = {id(todo), id(seen_by := [])}
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, str | bytes | bytearray):
            seen_by.append(one)
        else:
            todo.extend(gc.get_referents(one))
    return seen_by
