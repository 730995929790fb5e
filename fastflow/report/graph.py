"""The DAG as text, Mermaid and DOT."""

import json
from collections.abc import Callable, Mapping

from fastflow.plan import PhasePlan, Plan


def graph_as_text(plan: Plan) -> str:
    """List the phases wave by wave, each with what it waits for."""
    lines = []
    waves = sorted({phase.wave for phase in plan.phases.values()})
    for wave in waves:
        lines.append(f"wave {wave}")
        for phase in plan.phases.values():
            if phase.wave == wave:
                before = ", ".join(f"{edge.before} ({edge.reason})" for edge in phase.dependencies)
                star = "*" if phase.id in plan.critical_path else " "
                lines.append(f"{star} {_label(phase)}" + (f" ← {before}" if before else ""))
    lines += ["", "* on the critical path"]
    return "\n".join(lines)


def _label(phase: PhasePlan) -> str:
    return f"{phase.id} [{phase.mode}{', BUILD_ID ' + phase.build_id if phase.build_id else ''}]"


def graph_as_mermaid(plan: Plan) -> str:
    """Draw the DAG for Mermaid: workflows as boxes, implied edges dashed."""
    ids = {name: f"p{at}" for at, name in enumerate(plan.phases)}
    lines = ["flowchart LR"]
    for at, workflow in enumerate(plan.workflows.values()):
        lines.append(f'  subgraph w{at}["{_entity(workflow.name)}"]')
        for phase in workflow.phases:
            build_id = f"<br/>BUILD_ID {_entity(phase.build_id)}" if phase.build_id else ""
            lines.append(f'    {ids[phase.id]}["{_entity(phase.name)}{build_id}"]:::{phase.mode}')
        lines.append("  end")
    for phase in plan.phases.values():
        for edge in phase.dependencies:
            arrow = "-->" if edge.reason == "depends_on" else "-.->"
            lines.append(f"  {ids[edge.before]} {arrow}|{edge.reason}| {ids[edge.after]}")
    lines += [
        "  classDef recording fill:#dbeafe,stroke:#1d4ed8,color:#111827",
        "  classDef testing fill:#fee2e2,stroke:#b91c1c,color:#111827",
        "  classDef report fill:#e5e7eb,stroke:#374151,color:#111827",
    ]
    return "\n".join(lines)


def _entity(text: str) -> str:
    return "".join(
        character if character.isalnum() or character in " -_." else f"#{ord(character)};" for character in text
    )


def graph_as_dot(plan: Plan) -> str:
    """Draw the DAG for Graphviz."""
    lines = [
        "digraph fastflow {",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif"];',
    ]
    colours = {"recording": "#dbeafe", "testing": "#fee2e2", "report": "#e5e7eb"}
    for at, workflow in enumerate(plan.workflows.values()):
        lines += [f"  subgraph cluster_{at} {{", f"    label={_quoted(workflow.name)};"]
        for phase in workflow.phases:
            label = _quoted(phase.name + (f"\nBUILD_ID {phase.build_id}" if phase.build_id else ""))
            lines.append(f'    {_quoted(phase.id)} [label={label}, fillcolor="{colours[phase.mode]}"];')
        lines.append("  }")
    for phase in plan.phases.values():
        for edge in phase.dependencies:
            style = "solid" if edge.reason == "depends_on" else "dashed"
            ends = f"{_quoted(edge.before)} -> {_quoted(edge.after)}"
            lines.append(f'  {ends} [label="{edge.reason}", style={style}];')
    lines.append("}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


FORMATS: Mapping[str, Callable[[Plan], str]] = {
    "mermaid": graph_as_mermaid,
    "dot": graph_as_dot,
    "text": graph_as_text,
}
