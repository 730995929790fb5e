"""api-host-unknown: an API server that is not one of Wallarm's."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, did_you_mean
from fastflow.model.cloud import API_HOSTS, Cloud
from fastflow.spec.document import YamlPath

RULE = Rule("api-host-unknown", "warning", "an API server that is not one of Wallarm's")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at every `cloud`, the spec's and the workflows'."""
    yield from _one(facts, facts.spec.cloud, ("cloud",))
    for name, workflow in facts.spec.workflows.items():
        yield from _one(facts, workflow.cloud, ("workflows", name, "cloud"))


def _one(facts: Facts, cloud: Cloud | None, path: YamlPath) -> Iterator[Diagnostic]:
    host = cloud.api_host if cloud else None
    if host is None or host in API_HOSTS or "$" in host:
        return
    hint = did_you_mean(host, API_HOSTS)
    yield RULE.finding(f"`{host}` is not one of Wallarm's API servers", facts.places.value(*path, "api_host"), hint)
