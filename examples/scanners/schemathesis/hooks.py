"""Schemathesis loads this by SCHEMATHESIS_HOOKS: a redirect may lead to another host, so none is followed."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_context: Any, _case: Any, kwargs: dict[str, Any]) -> None:
    """Called before every request of a test."""
    kwargs["allow_redirects"] = False
