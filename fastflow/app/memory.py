"""When Python looks for garbage: not while a command reads what it keeps to its end, which takes a third longer."""

import gc


def disable_gc() -> None:
    """Look for no garbage: the command reads, checks, prints and ends."""
    gc.disable()


def enable_gc() -> None:
    """Look for garbage again, but not among what is there by now: the command goes on for as long as a run does."""
    gc.freeze()
    gc.enable()


def skip_gc_at_exit() -> None:
    """Look for none at the end either, if none was looked for: Python would go through all that is there again."""
    if not gc.isenabled():
        gc.freeze()
