"""Error-based SQL injection: the database complains of what a value does to the statement.

The proof is a pair of values of one shape, of which only one breaks a statement: `x'` and `x''` in a string, `x)` and
`(x)` outside one. A page that shows errors of databases for other reasons shows them for both. An application may not
take even what is well-formed, and complain of any quote, but not of signs that are as odd and harmless in a string.
"""

import re

from .sql_errors import SqlErrors, sql_errors
from .target import Probe

_ROUNDS = 5  # times that a pair must give the same: a page may show what it likes by chance
_PAIRS = (
    ("{v}'", "{v}''"),
    ('{v}"', '{v}""'),
    ("{v}\\", "{v}\\\\"),
    ("{v}`", "{v}``"),
    ("{v}]", "{v}]]"),
    ("{v})", "({v})"),
    ("{v}%27", "{v}%27%27"),
    ("{v}%2527", "{v}%2527%2527"),
    ("{v}'", "{v};()"),
    ('{v}"', "{v};()"),
)


async def find_sqli(probe: Probe) -> str | None:
    """Give the value that a database complains of, or None. Raises TargetError."""
    seed = re.sub(r"[^\w .,:@/+-]", "", probe.point.value) or "1"
    pairs = dict.fromkeys((broken.format(v=seed), whole.format(v=seed)) for broken, whole in _PAIRS)
    control, *pages = await probe.send_all([seed, *(broken for broken, _ in pairs)])
    usual = sql_errors(control.text, seed)
    for (broken, whole), page in zip(pairs, pages, strict=True):
        errors = sql_errors(page.text, broken).without(usual)
        if errors and await _is_proved(probe, broken, whole, errors):
            return broken
    return None


async def _is_proved(probe: Probe, broken: str, whole: str, errors: SqlErrors) -> bool:
    for _ in range(_ROUNDS):
        errors = errors.without(sql_errors((await probe.send(whole)).text, whole))
        if not errors:
            return False
        errors = errors.shared(sql_errors((await probe.send(broken)).text, broken))
    return bool(errors)
