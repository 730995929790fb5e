"""The DAG in every format of `fastflow graph`: here a list, Mermaid and DOT; `graph_svg` and `graph_html` draw it."""

import json
import re
from collections.abc import Callable, Mapping

from fastflow.model.mode import MODES, mode_named
from fastflow.plan import Plan
from fastflow.record.plan_file import plan_file_of
from fastflow.report.graph_drawing import Drawing, DrawnPhase, drawing_of, folded
from fastflow.report.graph_html import graph_html
from fastflow.report.graph_svg import graph_svg

_INK = "#111827"
# Texts that Mermaid reads as a line break or an icon, even if written as entities.
_TAKEN = re.compile(r"(?<=\\)(?=n)|(?<=:)(?=fa-)")
_APART = "\u200b"  # a zero-width space


def graph_text(drawing: Drawing) -> str:
    """List the phases wave by wave, each with the phases that it waits for."""
    lines: list[str] = []
    for wave in sorted({phase.wave for phase in drawing.phases}):
        lines.append(f"wave {wave}")
        lines += [_listed(phase, drawing) for phase in drawing.phases if phase.wave == wave]
    return "\n".join([*lines, *(("", "* on the critical path") if drawing.critical_path else ())])


def _listed(phase: DrawnPhase, drawing: Drawing) -> str:
    before = ", ".join(f"{edge.before} ({edge.reason})" for edge in drawing.before[phase.id])
    build_id = f", BUILD_ID {phase.build_id}" if phase.build_id else ""
    build_id += f", {phase.counted}" if phase.counted else ""
    out = "" if phase.is_selected else ", left out"
    star = "*" if phase.is_critical else " "
    return f"{star} {phase.id} [{phase.mode}{build_id}{out}]" + (f" ← {before}" if before else "")


def graph_mermaid(drawing: Drawing) -> str:
    """Draw the DAG for Mermaid: workflows as boxes, implied edges dashed, the critical path thick."""
    ids = {phase.id: f"p{at}" for at, phase in enumerate(drawing.phases)}
    lines = ["flowchart LR"]
    for at, workflow in enumerate(drawing.workflows):
        lines.append(f'  subgraph w{at}["{_entity(workflow)}"]')
        for phase in drawing.phases:
            if phase.workflow == workflow:
                lines.append(f'    {ids[phase.id]}["{_mermaid_label(phase)}"]:::{phase.mode}')
        lines.append("  end")
    for edge in drawing.edges:
        arrow = "-.->" if edge.is_implied else "-->"
        lines.append(f"  {ids[edge.before]} {arrow}|{edge.reason}| {ids[edge.after]}")
    for mode in MODES.values():
        fill, stroke = mode.colours.plain
        lines.append(f"  classDef {mode.name} fill:{fill},stroke:{stroke},color:{_INK}")
    lines.append("  classDef critical stroke-width:3px,font-weight:bold")
    critical = [ids[phase.id] for phase in drawing.phases if phase.is_critical]
    thick = [str(at) for at, edge in enumerate(drawing.edges) if edge.is_critical]
    lines += [f"  class {','.join(critical)} critical"] if critical else []
    lines += [f"  linkStyle {','.join(thick)} stroke-width:3px"] if thick else []
    return "\n".join(lines)


def _mermaid_label(phase: DrawnPhase) -> str:
    build_id = f"<br/>BUILD_ID {_entity(_TAKEN.sub(_APART, phase.build_id))}" if phase.build_id else ""
    build_id += f"<br/>{phase.counted}" if phase.counted else ""
    return _entity(phase.name) + build_id + ("" if phase.is_selected else "<br/>left out")


def _entity(text: str) -> str:
    return "".join(
        character if character.isalnum() or character in " -_." else f"#{ord(character)};" for character in text
    )


def graph_dot(drawing: Drawing) -> str:
    """Draw the DAG for Graphviz: workflows as clusters, implied edges dashed, the critical path thick."""
    lines = [
        "digraph fastflow {",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif"];',
    ]
    for at, workflow in enumerate(drawing.workflows):
        lines += [f"  subgraph cluster_{at} {{", f"    label={_quoted(workflow)};"]
        lines += [f"    {_dot_node(phase)}" for phase in drawing.phases if phase.workflow == workflow]
        lines.append("  }")
    for edge in drawing.edges:
        style = "dashed" if edge.is_implied else "solid"
        width = ", penwidth=3" if edge.is_critical else ""
        ends = f"{_quoted(edge.before)} -> {_quoted(edge.after)}"
        lines.append(f'  {ends} [label="{edge.reason}", style={style}{width}];')
    lines.append("}")
    return "\n".join(lines)


def _dot_node(phase: DrawnPhase) -> str:
    label = phase.name + (f"\nBUILD_ID {phase.build_id}" if phase.build_id else "")
    label += f"\n{phase.counted}" if phase.counted else ""
    label += "" if phase.is_selected else "\nleft out"
    width = ", penwidth=3" if phase.is_critical else ""
    return (
        f'{_quoted(phase.id)} [label={_quoted(label)}, fillcolor="{mode_named(phase.mode).colours.plain[0]}"{width}];'
    )


def _quoted(text: str) -> str:
    """Quote for DOT: a user's backslash stays one, although DOT has escape sequences; a line break is `\\n`."""
    return json.dumps(text, ensure_ascii=False)


FORMATS: Mapping[str, Callable[[Drawing], str]] = {
    "mermaid": graph_mermaid,
    "dot": graph_dot,
    "text": graph_text,
    "svg": graph_svg,
    "html": graph_html,
}


def graph_as(form: str, plan: Plan, *, unfolds: bool = False) -> str:
    """Draw a plan in one of the formats; the cells of a matrix are one, unless the picture `unfolds` them."""
    drawing = drawing_of(plan_file_of(plan))
    return FORMATS[form](drawing if unfolds else folded(drawing))
