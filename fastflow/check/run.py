"""Runs the rules over specs, with each spec's own levels and ignore comments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fastflow.check.facts import Facts, error
from fastflow.check.ignores import Ignore, ignores_of, silence
from fastflow.check.rules import BY_ID, RULE_IDS, RULES, Level, Rule
from fastflow.diagnostic import Diagnostic, Severity
from fastflow.model.suggest import did_you_mean


def check_specs(specs: Sequence[Facts], earlier: Iterable[Diagnostic] = ()) -> tuple[Diagnostic, ...]:
    """Apply all rules to all specs; `earlier` are findings of the reader and the model, treated alike."""
    found = list(earlier)
    for facts in specs:
        found.extend(_configuration(facts))
        for rule in RULES:
            if rule.check is not None and _applies(rule, facts):
                found.extend(rule.check(facts))
    for rule in RULES:
        if rule.check_all is not None:
            found.extend(rule.check_all(specs))
    found = _at_their_level(found, specs)
    ignores: list[Ignore] = []
    for facts in specs:
        own, faults = ignores_of(facts.document)
        ignores.extend(own)
        found.extend(faults)
    ran = frozenset(rule.id for rule in RULES if (rule.check or rule.check_all) and _is_on(rule, specs))
    return tuple(dict.fromkeys(silence(found, ignores, ran)))


def _applies(rule: Rule, facts: Facts) -> bool:
    return (facts.is_whole or not rule.needs_whole) and _level(rule, facts) != "off"


def _is_on(rule: Rule, specs: Sequence[Facts]) -> bool:
    return any(_applies(rule, facts) for facts in specs)


def _level(rule: Rule, facts: Facts) -> Level:
    set_to = (facts.spec.checks or {}).get(rule.id)
    return set_to if set_to is not None and rule.can_be_silenced else rule.level


def _at_their_level(found: Iterable[Diagnostic], specs: Sequence[Facts]) -> list[Diagnostic]:
    """Apply the `checks` of the spec that a finding stands in; one in a Compose file follows the first spec."""
    own: dict[str, Mapping[str, Level]] = {facts.document.file: facts.spec.checks or {} for facts in specs}
    first = next(iter(own.values()), {})
    kept = []
    for diagnostic in found:
        set_to = own.get(diagnostic.mark.file, first).get(diagnostic.rule)
        if set_to is None or diagnostic.rule not in BY_ID or not BY_ID[diagnostic.rule].can_be_silenced:
            kept.append(diagnostic)
        elif set_to != "off":
            kept.append(replace(diagnostic, severity=Severity(set_to)))
    return kept


def _configuration(facts: Facts) -> Iterable[Diagnostic]:
    """Check the names under `checks`."""
    for name, level in (facts.spec.checks or {}).items():
        place = facts.places.key("checks", name)
        if name not in BY_ID:
            yield error("invalid-value", f"there is no rule `{name}`", place, did_you_mean(name, RULE_IDS))
        elif not BY_ID[name].can_be_silenced and level != "error":
            yield error("invalid-value", f"the rule {name} is always an error", place, "remove this line")
