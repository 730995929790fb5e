"""All rules, in one visible place, in the order of their documentation."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from fastflow.check import (
    api_host_unknown,
    build_id_ambiguous,
    build_id_collision,
    build_id_constant,
    build_id_format,
    build_id_missing,
    build_id_overlap,
    container_name_conflict,
    dependency_cycle,
    dependency_unknown,
    fixed_name,
    healthcheck_missing,
    host_unknown,
    image_unpinned,
    port_conflict,
    proxy_port,
    record_missing,
    report_unbound,
    restart_policy,
    scope_open,
    service_conflict,
    service_unknown,
    shared_resource,
    source_missing,
    source_unproxied,
    subnet_conflict,
    target_unknown,
    undefined_variable,
    values,
)
from fastflow.check.facts import Facts
from fastflow.diagnostic import Diagnostic

Level = Literal["error", "warning", "off"]


class Rule(NamedTuple):
    """A rule: its id, its usual level, what it finds, and how.

    `needs_order` rules ask what comes before what, which cycles make void; `needs_symbols` rules look at variables,
    of which none are left where they were replaced, `needs_values` rules at what they hold; `needs_applications`
    rules are silent about what could not be read.
    A rule without `check` reports from where the fault shows: the reader, the model, or Compose.
    """

    id: str
    level: Level
    finds: str
    check: Callable[[Facts], Iterable[Diagnostic]] | None = None
    check_all: Callable[[Sequence[Facts]], Iterable[Diagnostic]] | None = None
    needs_order: bool = False
    needs_symbols: bool = False
    needs_applications: bool = False
    needs_values: bool = False
    is_offline: bool = True
    can_be_silenced: bool = True


RULES: tuple[Rule, ...] = (
    Rule("yaml-syntax", "error", "what is no YAML, or no single mapping in UTF-8", can_be_silenced=False),
    Rule("duplicate-key", "error", "a key twice in one mapping", can_be_silenced=False),
    Rule("unknown-field", "error", "a field that does not exist", can_be_silenced=False),
    Rule("invalid-value", "error", "a value of the wrong type, shape or range", values.check, can_be_silenced=False),
    Rule("mode-field", "error", "a field of another mode", can_be_silenced=False),
    Rule("build-id-format", "error", "a BUILD_ID that is not letters and digits", build_id_format.check),
    Rule(
        "build-id-collision",
        "error",
        "two recording nodes with one token and one BUILD_ID",
        check_all=build_id_collision.check,
    ),
    Rule(
        "build-id-overlap",
        "error",
        "two testing nodes of one BUILD_ID that may overlap",
        build_id_overlap.check,
        needs_order=True,
    ),
    Rule(
        "build-id-missing",
        "error",
        "a node without BUILD_ID beside others on its token",
        build_id_missing.check,
        needs_order=True,
    ),
    Rule(
        "build-id-ambiguous",
        "warning",
        "BUILD_IDs that some values of variables make equal",
        check_all=build_id_ambiguous.check,
    ),
    Rule("build-id-constant", "off", "a BUILD_ID without a variable", build_id_constant.check, needs_symbols=True),
    Rule(
        "record-missing",
        "error",
        "a testing node for whose BUILD_ID nothing records",
        record_missing.check,
    ),
    Rule(
        "dependency-unknown",
        "error",
        "a dependency, glob or record that names no phase",
        dependency_unknown.check,
        can_be_silenced=False,
    ),
    Rule("dependency-cycle", "error", "phases that wait for each other", dependency_cycle.check, can_be_silenced=False),
    Rule(
        "port-conflict",
        "error",
        "one host port, twice on one host at one time",
        port_conflict.check,
        needs_order=True,
        needs_applications=True,
    ),
    Rule(
        "container-name-conflict",
        "error",
        "one container name, twice on one host at one time",
        container_name_conflict.check,
        needs_order=True,
        needs_applications=True,
    ),
    Rule(
        "subnet-conflict",
        "error",
        "fixed subnets that overlap, on one host at one time",
        subnet_conflict.check,
        needs_order=True,
        needs_applications=True,
    ),
    Rule("proxy-port", "error", "a recording node whose ports leave out its proxy", proxy_port.check),
    Rule(
        "service-unknown",
        "error",
        "a service that the application does not have",
        service_unknown.check,
        needs_applications=True,
    ),
    Rule(
        "service-conflict",
        "error",
        "two containers that answer to one name on one network",
        service_conflict.check,
        needs_order=True,
        needs_applications=True,
    ),
    Rule(
        "source-unproxied",
        "warning",
        "a source whose requests bypass the node",
        source_unproxied.check,
        needs_applications=True,
    ),
    Rule(
        "target-unknown",
        "warning",
        "a host or port that the phase does not have",
        target_unknown.check,
        needs_applications=True,
    ),
    Rule("scope-open", "warning", "a test run that attacks every host that was recorded", scope_open.check),
    Rule("accept-expired", "warning", "an entry of an accept file whose last day has passed"),
    Rule(
        "healthcheck-missing",
        "warning",
        "nothing tells when the application under test is up",
        healthcheck_missing.check,
        needs_applications=True,
    ),
    Rule(
        "shared-resource",
        "warning",
        "a volume with a name of its own in two workflows",
        shared_resource.check,
        needs_applications=True,
    ),
    Rule(
        "fixed-name",
        "warning",
        "a fixed port or name where concurrent runs are meant",
        fixed_name.check,
        needs_symbols=True,
        needs_applications=True,
    ),
    Rule(
        "host-unknown", "error", "a workflow on a host that is not declared", host_unknown.check, can_be_silenced=False
    ),
    Rule("token-literal", "error", "a token written into the spec", can_be_silenced=False),
    Rule(
        "undefined-variable",
        "error",
        "a variable that is not set and has no default",
        undefined_variable.check,
        needs_values=True,
    ),
    Rule("source-missing", "warning", "a recording node without a source", source_missing.check),
    Rule("restart-policy", "error", "`restart` on a FAST node", restart_policy.check),
    Rule("report-unbound", "error", "a report node without a test run to report", report_unbound.check),
    Rule("api-host-unknown", "warning", "an API server that is neither of Wallarm's", api_host_unknown.check),
    Rule("image-unpinned", "off", "an image without tag or digest", image_unpinned.check),
    Rule("invalid-ignore", "error", "an ignore comment without reason, or of no known rule"),
    Rule("unused-ignore", "warning", "an ignore comment that silences nothing"),
    Rule("compose-file", "error", "a Compose file that cannot be read"),
    Rule("compose-invalid", "error", "a project that Docker Compose rejects", is_offline=False),
)
ALL_RULES = "all rules: fastflow explain"
RULE_IDS = tuple(rule.id for rule in RULES)
BY_ID = {rule.id: rule for rule in RULES}
