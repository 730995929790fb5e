"""What a run needs of the environment and of Wallarm's cloud."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping

from fastflow.doctor.examination import Answer
from fastflow.model.cloud import TOKEN_HINT, token_fault

API_TIMEOUT = 8.0
"""Seconds until an API server that does not answer counts as out of reach."""


def look_at_token(name: str, values: Mapping[str, str]) -> Iterator[Answer]:
    """The variable that holds the token is set, to what can be one; its value is nobody's business."""
    value = values.get(name)
    if value and (fault := token_fault(value)) is not None:
        yield Answer("token", f"{name} {fault}", TOKEN_HINT)
    elif value:
        yield Answer("token", f"{name} is set")
    else:
        yield Answer("token", f"{name} is not set", f"set {name}, or try without an account: --emulate")


def look_at_variable(name: str) -> Iterator[Answer]:
    """A variable without a value and without a default is an error of a run."""
    yield Answer("variable", f"{name} is not set", f"set {name}, give a default, or name a file of it in --env-file")


def look_at_api(url: str) -> Iterator[Answer]:
    """Something answers there; whatever it says to one without a token, it is there."""
    try:
        with urllib.request.urlopen(url, timeout=API_TIMEOUT):  # noqa: S310  # http or https, never a file
            pass
    except urllib.error.HTTPError:
        pass
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        yield Answer("api", f"{url} is out of reach: {reason}", "check cloud.api_host, the network and its proxy")
        return
    yield Answer("api", f"{url} answers")
