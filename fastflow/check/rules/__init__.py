"""All rules: those in the files here, each about one subject, and a few whose findings come from elsewhere."""

import os
from collections.abc import Iterator
from importlib import import_module

from fastflow.check.rule import Rule

_FOUND_ELSEWHERE = (
    Rule("yaml-syntax", "error", "a file that is not one YAML mapping in UTF-8", can_be_silenced=False),
    Rule("duplicate-key", "error", "a key twice in one mapping", can_be_silenced=False),
    Rule("unknown-field", "error", "a field that does not exist", can_be_silenced=False),
    Rule("mode-field", "error", "a field of another mode", can_be_silenced=False),
    Rule("token-literal", "error", "a token written into the spec", can_be_silenced=False),
    Rule("invalid-ignore", "error", "an ignore comment without a reason or a known rule"),
    Rule("unused-ignore", "warning", "an ignore comment that silences nothing"),
    Rule("compose-file", "error", "a Compose file that cannot be read"),
)
_ORDER = (
    *("yaml-syntax", "duplicate-key", "unknown-field", "invalid-value", "mode-field", "build-id-format"),
    *("build-id-collision", "build-id-overlap", "build-id-missing", "build-id-ambiguous", "build-id-constant"),
    *("record-missing", "dependency-unknown", "dependency-cycle", "port-conflict", "container-name-conflict"),
    *("subnet-conflict", "proxy-port", "service-unknown", "service-conflict", "source-unproxied", "target-unknown"),
    *("scope-open", "accept-expired", "healthcheck-missing", "shared-resource", "fixed-name", "host-unknown"),
    *("token-literal", "undefined-variable", "source-missing", "restart-policy", "report-unbound"),
    *("api-host-unknown", "image-unpinned", "invalid-ignore", "unused-ignore", "compose-file", "compose-invalid"),
)
"""The order of the documentation; a rule that is not in it comes last."""


def _in_files() -> Iterator[Rule]:
    for name in sorted(os.listdir(os.path.dirname(__file__))):  # noqa: PTH120, PTH208  # pathlib would be slower
        stem, _, ending = name.rpartition(".")
        if ending == "py" and stem != "__init__":
            module = import_module(f"{__name__}.{stem}")
            yield from (value for value in vars(module).values() if isinstance(value, Rule))


_PLACES = {rule: at for at, rule in enumerate(_ORDER)}
RULES = tuple(sorted((*_FOUND_ELSEWHERE, *_in_files()), key=lambda rule: _PLACES.get(rule.id, len(_ORDER))))
ALL_RULES = "all rules: fastflow explain"
RULE_IDS = tuple(rule.id for rule in RULES)
BY_ID = {rule.id: rule for rule in RULES}
