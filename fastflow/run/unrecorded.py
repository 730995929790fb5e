"""Why a record is empty, as far as the Compose files show it."""

from dataclasses import replace

from fastflow.run.context import PhaseContext
from fastflow.run.verdict import Verdict


def with_bypass(context: PhaseContext, verdict: Verdict) -> Verdict:
    """Add to the verdict on an empty record what lets requests go past the recording node."""
    if not (verdict.reason or "").startswith("empty record"):
        return verdict
    phase, plan = context.phase, context.run.plan
    bypass = plan.bypasses.get(phase.recorder or phase.id)
    kept_out = ", ".join(context.workflow.plan.kept_out)
    told = f"`proxies` of Docker's config.json is not the cause: {kept_out} were kept out" if kept_out else None
    hints = [hint for hint in (bypass or verdict.hint, told) if hint]
    return replace(verdict, hint="; ".join(hints) or None)
