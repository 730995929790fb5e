"""Controls Python's garbage collection, which would slow a command by a third while it reads data that it keeps."""

import gc


def disable_gc() -> None:
    """Turn it off: the command reads, checks, prints and ends."""
    gc.disable()


def enable_gc() -> None:
    """Turn it on again, except for existing objects: the command continues for as long as a run does."""
    gc.freeze()
    gc.enable()


def skip_gc_at_exit() -> None:
    """If it was off, skip it at the end too: Python would go through all objects again."""
    if not gc.isenabled():
        gc.freeze()
