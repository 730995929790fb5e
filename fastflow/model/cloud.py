"""The Wallarm cloud that nodes connect to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastflow.model.base import Boolean, OptionalText, Reads, SpecModel, describe, wrong
from fastflow.spec.template import TemplateError, Variable, parse_template

ARCHIVED = (
    "Wallarm has archived FAST and opens no new accounts: try a spec without one with --emulate, or test without "
    "Wallarm, with recorder: har and scanner: sarif"
)
"""The hint for users without access to FAST. Its sign-up was removed in 2024, its documentation in 2025."""
TOKEN_HINT = "set it again without it: a token is one word of ASCII letters, digits and punctuation"  # noqa: S105  # a hint
_CHARACTERS = {"\n": "a newline", "\r": "a carriage return", "\t": "a tab", " ": "a space"}


def token_fault(token: str) -> str | None:
    """Say why a text is not a token: `ends with a newline`. None if it may be one."""
    odd = [at for at, character in enumerate(token) if not "!" <= character <= "~"]
    if not odd:
        return None
    first = token[odd[0]]
    name = _CHARACTERS.get(first, "a control character" if first.isascii() else "a character that is not ASCII")
    if odd[0] == len(token) - len(odd):
        return f"ends with {name}"
    return f"begins with {name}" if odd[-1] == len(odd) - 1 else f"contains {name}"


DEFAULT_API_HOST = "us1.api.wallarm.com"
API_HOSTS = (DEFAULT_API_HOST, "api.wallarm.com")
TOKEN_VARIABLE = "WALLARM_API_TOKEN"  # noqa: S105  # a name
DEFAULT_TOKEN = f"${{{TOKEN_VARIABLE}}}"
CLOUD_VARIABLES: Mapping[str, str] = MappingProxyType(
    {"WALLARM_API_HOST": "api_host", "WALLARM_API_USE_SSL": "use_ssl", "WALLARM_API_CA_VERIFY": "ca_verify"}
)
"""FAST's other variables of the cloud, with their fields."""


_REFERENCE = r"^\$(\{[A-Za-z_][A-Za-z0-9_]*(:?\?.*)?\}|[A-Za-z_][A-Za-z0-9_]*)$"


def token_variable(reference: str) -> str | None:
    """Return the name in `${NAME}`, `$NAME`, `${NAME:?m}` or `${NAME?m}`; None for any other text."""
    try:
        parts = parse_template(reference)
    except TemplateError:
        return None
    if len(parts) == 1 and isinstance(parts[0], Variable) and parts[0].operator in ("", "?", ":?"):
        return parts[0].name
    return None


def _has_default(value: str) -> bool:
    """Whether a reference writes a text to use in place of the variable."""
    try:
        parts = parse_template(value)
    except TemplateError:
        return False
    variables = [part for part in parts if isinstance(part, Variable) and part.operator[-1:] in ("-", "+")]
    return any(isinstance(word, str) for variable in variables for word in variable.word)


def _token(value: Any) -> Any:
    if isinstance(value, str) and token_variable(value) is not None:
        return str(value)
    if isinstance(value, str) and ("$" not in value or _has_default(value)):
        # The value is not repeated: it may be the token.
        raise wrong(
            "a token is written into the spec, where everyone can read it",
            "write a reference: token: ${WALLARM_API_TOKEN}",
            "token-literal",
        )
    written = describe(value) if isinstance(value, (dict, list)) else "this"
    raise wrong(f"expected exactly one reference, not {written}", "write token: ${WALLARM_API_TOKEN}")


class Cloud(SpecModel):
    """The cloud and the token that its nodes share. The only home of the `WALLARM_*` variables."""

    token: Annotated[
        str | None,
        Reads(_token, {"type": "string", "pattern": _REFERENCE}),
    ] = None
    """A reference to the variable that holds the token, never its value. Default: ${WALLARM_API_TOKEN}."""
    api_host: OptionalText = None
    """The Wallarm API server: us1.api.wallarm.com (US, the default) or api.wallarm.com (EU)."""
    use_ssl: Boolean = None
    """Whether nodes use TLS for the API server. Default: true."""
    ca_verify: Boolean = None
    """Whether nodes verify the API server's certificate. Default: false, as FAST does."""
    query: Boolean = None
    """Whether fastflow asks the API for progress and vulnerabilities. Default: true."""

    @property
    def token_reference(self) -> str:
        """The reference to the token's variable, as it goes into a Compose document."""
        return self.token or DEFAULT_TOKEN

    @property
    def token_name(self) -> str:
        """The name of the variable that holds the token."""
        name = token_variable(self.token_reference)
        assert name is not None, "validated above"
        return name

    @property
    def url(self) -> str:
        """The URL of the public API."""
        return f"{'http' if self.use_ssl is False else 'https'}://{self.api_host or DEFAULT_API_HOST}"

    def over(self, other: "Cloud") -> "Cloud":
        """Merge this cloud over `other`, field by field."""
        return other.model_copy(update=self.model_dump(exclude_none=True))
