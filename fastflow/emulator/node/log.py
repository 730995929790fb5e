"""The node's log lines, as FAST writes them: one line each, whatever a name holds."""


def info(text: str) -> None:
    """A line of the node itself."""
    _write(f"[info] {text}")


def error(text: str) -> None:
    """An error of the node itself."""
    _write(f"[error] {text}")


def test_info(text: str) -> None:
    """A line of a test run."""
    _write(f"INFO [1]: {text}")


def test_error(text: str) -> None:
    """An error of a test run."""
    _write(f"ERROR [1]: {text}")


def _write(line: str) -> None:
    print(" ".join(line.splitlines()), flush=True)
