"""When Python looks for garbage: not while a command reads what it keeps to its end, which takes a third longer."""

import gc


def keep_all() -> None:
    """Look for no garbage: the command reads, checks, prints and ends."""
    gc.disable()


def collect_from_here() -> None:
    """Look for garbage again, but not among what is there by now: the command goes on for as long as a run does."""
    gc.freeze()
    gc.enable()


def leave_all() -> None:
    """Look for none at the end either, where none was looked for: Python would go through all that is there again."""
    if not gc.isenabled():
        gc.freeze()
