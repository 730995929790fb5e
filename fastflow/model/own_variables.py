"""The names of variables that a spec itself defines: the axes of a matrix, and `with` of an included file."""

import re
from collections.abc import Mapping

from fastflow.ci import RUN_ID
from fastflow.model.cloud import TOKEN_VARIABLE, token_variable
from fastflow.spec.document import Scalar, YamlMap

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Variables that control fastflow, FAST, Docker and Compose: the values go into their environment.
_TAKEN = re.compile(
    rf"{RUN_ID.partition('_')[0]}_.*|(WALLARM|COMPOSE|DOCKER|BUILDKIT|BUILDX|XDG|LD|DYLD)_.*|"
    r"HOME|PATH|TMPDIR|PWD|SHELL|IFS|((HTTPS?|NO|ALL|FTP)_PROXY)",
    re.IGNORECASE,
)


def name_fault(name: str, tokens: frozenset[str]) -> tuple[str, str] | None:
    """Say why such a variable cannot have this name, and what to do; `tokens` are the variables of tokens."""
    if not _VARIABLE.fullmatch(name):
        return "it is not the name of a variable", "use letters, digits and `_`, and begin with a letter or `_`"
    if name in tokens:
        return "the variable holds the token", "choose another name"
    if _TAKEN.fullmatch(name):
        return "the variable has a meaning for fastflow, Docker or the shell", "choose another name"
    return None


def token_variables(*parts: YamlMap) -> frozenset[str]:
    """The variables that may hold a token: the default one, and those that the `cloud`s of these mappings name."""
    clouds = (tree.get("cloud") for tree in parts)
    written = (cloud.get("token") for cloud in clouds if isinstance(cloud, YamlMap))
    names = (token_variable(token.text) for token in written if isinstance(token, Scalar))
    return frozenset(name for name in names if name) | {TOKEN_VARIABLE}


def merged_variables(*layers: Mapping[str, str] | None) -> dict[str, str]:
    """Merge variables, later layers over earlier ones."""
    return {name: value for layer in layers for name, value in (layer or {}).items()}
