"""What an accept file says of a vulnerability, in words that all reports share."""

from fastflow.record.result import Vulnerability


def acceptance(one: Vulnerability) -> str | None:
    """Say until when it is accepted and why, or until when it was; None if no entry names it."""
    if one.suppressed is not None:
        until = f" until {one.suppressed.expires}" if one.suppressed.expires else ""
        return f"accepted{until}: {one.suppressed.reason}"
    if one.expired is not None:
        return f"accepted until {one.expired.expires}, which has passed: {one.expired.reason}"
    return None
