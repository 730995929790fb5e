"""Runs the rules over specs, with each spec's own levels and ignore comments."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Table

from fastflow.check.facts import Facts
from fastflow.check.inclusion import with_includers
from fastflow.check.lost import RejectedParts
from fastflow.check.rule import Level, Rule
from fastflow.check.rules import ALL_RULES, BY_ID, RULE_IDS, RULES
from fastflow.check.rules.values import invalid_value
from fastflow.diagnostic import Diagnostic, Severity, did_you_mean
from fastflow.spec.document import Comment, Scalar, YamlMap


def check_specs(specs: Sequence[Facts], earlier: Iterable[Diagnostic] = ()) -> tuple[Diagnostic, ...]:
    """Apply all rules to all specs; `earlier` are findings of the reader and the model, treated alike."""
    own = {facts.document.file: facts.spec.checks or {} for facts in specs}
    for facts in specs:
        own |= {name: facts.spec.checks or {} for name in facts.inclusions if name not in own}
    found = [*_by_file(earlier, own)]
    for facts in specs:
        found += _configuration(facts)
        for rule in RULES:
            if rule.check is not None and _applies(rule, facts):
                found += _at_level(rule.check(facts), facts.spec.checks or {})
    for rule in RULES:
        if rule.check_all is not None:
            found += _by_file(rule.check_all(specs), own)
    inclusions = {name: file for facts in specs for name, file in facts.inclusions.items()}
    left = dict.fromkeys(with_includers(one, inclusions) for one in _unless_ignored(specs, found, own))
    if not any(facts.spec.matrices for facts in specs):
        return tuple(left)
    from fastflow.check.folding import fold  # noqa: PLC0415  # few specs have a matrix

    return fold(left, specs)


def _unless_ignored(
    specs: Sequence[Facts], found: list[Diagnostic], own: Table[str, Table[str, Level]]
) -> list[Diagnostic]:
    """Leave out what a comment silences, and add what is wrong with such comments."""
    comments: dict[str, tuple[Comment, ...]] = {}
    for facts in specs:
        comments |= {document.file: document.comments for document in (facts.document, *facts.compose_files)}
        comments |= {name: file.comments for name, file in facts.accept_files.items()}
        comments |= {name: file.comments for name, file in facts.inclusions.items()}
    if not any(comments.values()):
        return found
    from fastflow.check.ignores import ignores_of, silence  # noqa: PLC0415  # few specs have such comments

    read = [ignores_of(those) for those in comments.values()]
    found += _by_file((fault for _, faults in read for fault in faults), own)
    ignores = [ignore for some, _ in read for ignore in some]
    left, unused = silence(found, ignores, {facts.document.file: _ran(facts) for facts in specs})
    return [*left, *_by_file(unused, own)]


def _applies(rule: Rule, facts: Facts) -> bool:
    """Whether a rule is on and has its input."""
    set_to = (facts.spec.checks or {}).get(rule.id)
    level = set_to if set_to is not None and rule.can_be_silenced else rule.level
    return (
        level != "off"
        and not (rule.needs_order and facts.graph.cycles)
        and not (rule.needs_symbols and facts.has_values)
    )


def _ran(facts: Facts) -> frozenset[str]:
    """The rules that checked all of a spec, so that an ignore comment without a finding is known to be superfluous."""
    return frozenset(
        rule.id
        for rule in RULES
        if rule.is_offline
        and facts.lost == RejectedParts()
        and _applies(rule, facts)
        and (facts.are_applications_known or not rule.needs_applications)
        if facts.has_values or not rule.needs_values
    )


def _by_file(found: Iterable[Diagnostic], own: Table[str, Table[str, Level]]) -> Iterator[Diagnostic]:
    """Apply the `checks` of the spec that a finding is in; one in a Compose file follows the first spec."""
    first = next(iter(own.values()), {})
    for diagnostic in found:
        yield from _at_level([diagnostic], own.get(diagnostic.mark.file, first))


def _at_level(found: Iterable[Diagnostic], levels: Table[str, Level]) -> Iterator[Diagnostic]:
    for diagnostic in found:
        set_to = levels.get(diagnostic.rule)
        if set_to is None or diagnostic.rule not in BY_ID or not BY_ID[diagnostic.rule].can_be_silenced:
            yield diagnostic
        elif set_to != "off":
            yield diagnostic._replace(severity=Severity(set_to))


def _configuration(facts: Facts) -> Iterable[Diagnostic]:
    """Check the names under `checks`, also those with an invalid level."""
    tree = facts.places.node("checks")
    for key, value in tree if isinstance(tree, YamlMap) else ():
        if key.text.startswith("x-"):
            continue
        name, level = key.text, value.text if isinstance(value, Scalar) else None
        place = facts.places.key("checks", name)
        if name not in BY_ID:
            yield invalid_value.finding(f"there is no rule `{name}`", place, did_you_mean(name, RULE_IDS) or ALL_RULES)
        elif not BY_ID[name].can_be_silenced and level in ("off", "warning"):
            yield invalid_value.finding(f"the rule {name} is always an error", place, "remove this line")
