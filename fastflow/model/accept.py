"""The file that a gate's `accept` names: known vulnerabilities, why they are accepted, and until when.

```yaml
- fingerprint: 0f3a9c7b2d18e645
  reason: only the admin's page, behind the VPN
  expires: 2030-06-30 # the last day, in UTC; optional
  comment: see SHOP-17 # optional
```
"""

import re
from collections.abc import Iterator
from collections.abc import Mapping as Table
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from fastflow.diagnostic import Diagnostic, Mark, Related, Severity, did_you_mean
from fastflow.spec.document import Comment, Scalar, YamlList, YamlMap, YamlNode
from fastflow.spec.reader import read_list

FIELDS = ("fingerprint", "reason", "expires", "comment")
_REQUIRED = ("fingerprint", "reason")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SHAPE = "write - { fingerprint: ..., reason: ... }"


class Accepted(NamedTuple):
    """A known vulnerability. It is excused up to and including the day `expires`, in UTC."""

    fingerprint: str
    reason: str
    expires: date | None = None
    comment: str | None = None

    def is_in_force(self, today: date) -> bool:
        """Whether it excuses on that day (of UTC)."""
        return self.expires is None or today <= self.expires


class AcceptFile(NamedTuple):
    """The result of reading one: its entries, its faults, and the places of the entries' last days, by fingerprint."""

    entries: tuple[Accepted, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    days: Table[str, Mark] = MappingProxyType({})
    comments: tuple[Comment, ...] = ()

    def for_day(self, today: date) -> dict[str, Accepted]:
        """The entries in force on a day (of UTC), by fingerprint."""
        return {entry.fingerprint: entry for entry in self.entries if entry.is_in_force(today)}

    def expired_on(self, today: date) -> dict[str, Accepted]:
        """The entries whose last day was before a day (of UTC), by fingerprint; not those whose day is at fault."""
        return {
            entry.fingerprint: entry
            for entry in self.entries
            if not entry.is_in_force(today) and entry.expires != date.min
        }


def read_accept_file(name: str, content: bytes) -> AcceptFile:
    """Read the file with the name `name` for users; every fault has its place in it."""
    tree, found, comments = read_list(name, content)
    if tree is None:
        return AcceptFile(diagnostics=found)
    reading = _EntryReader(list(found))
    entries = tuple(reading.entries(tree))
    diagnostics = tuple(sorted(reading.diagnostics, key=lambda finding: finding.mark))
    return AcceptFile(entries, diagnostics, reading.days, comments)


class _EntryReader:
    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        self.diagnostics = diagnostics
        self.days: dict[str, Mark] = {}

    def entries(self, tree: YamlList) -> Iterator[Accepted]:
        first: dict[str, Mark] = {}
        for item in tree.items:
            entry = self._entry(item)
            if entry is None:
                continue
            mark = _place_of(item, "fingerprint")
            if entry.fingerprint in first:
                message = f"`{entry.fingerprint}` is twice in this file"
                related = (Related(first[entry.fingerprint], "first here"),)
                self._fault("invalid-value", message, mark, "keep one of them", related)
                continue
            first[entry.fingerprint] = mark
            self.days[entry.fingerprint] = _place_of(item, "expires")
            yield entry

    def _entry(self, item: YamlNode) -> Accepted | None:
        if not isinstance(item, YamlMap):
            self._fault("invalid-value", "an entry is a mapping", item.mark, _SHAPE)
            return None
        texts = {key.text: text for key, value in item if (text := self._text(key, value)) is not None}
        for field in _REQUIRED:
            if not texts.get(field) and isinstance(item.get(field), Scalar | None):
                what = f"`{field}` is {'empty' if item.key(field) else 'missing'}"
                self._fault("invalid-value", what, _place_of(item, field), f"add it: {field}:")
        expires = self._day(item, texts.get("expires"))
        if not all(texts.get(field) for field in _REQUIRED):
            return None
        return Accepted(texts["fingerprint"], texts["reason"], expires, texts.get("comment"))

    def _text(self, key: Scalar, value: YamlNode) -> str | None:
        if key.text.startswith("x-"):
            return None
        if key.text not in FIELDS:
            hint = did_you_mean(key.text, FIELDS) or f"the fields are {', '.join(FIELDS)}"
            self._fault("unknown-field", f"unknown field `{key.text}`", key.mark, hint)
            return None
        if not isinstance(value, Scalar):
            self._fault("invalid-value", f"`{key.text}`: expected a string", value.mark, "write it in one line")
            return None
        return None if value.is_null else value.text.strip()

    def _day(self, item: YamlMap, text: str | None) -> date | None:
        if text is None:
            return None
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        message = f"`expires`: expected a day such as 2030-12-31, not `{text}`"
        self._fault("invalid-value", message, _place_of(item, "expires"), "write YEAR-MONTH-DAY")
        return date.min  # an invalid entry excuses nothing

    def _fault(self, rule: str, message: str, mark: Mark, hint: str | None, related: tuple[Related, ...] = ()) -> None:
        self.diagnostics.append(Diagnostic(rule, Severity.ERROR, message, mark, hint, related))


def _place_of(item: YamlNode, field: str) -> Mark:
    value = item.get(field) if isinstance(item, YamlMap) else None
    return value.mark if isinstance(value, Scalar) and value.text else item.mark
