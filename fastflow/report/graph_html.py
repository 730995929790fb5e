"""The DAG as a page: the picture, and a table that says the same in words. One file, no script, nothing loaded."""

from html import escape

from fastflow.report.graph_drawing import Drawing, DrawnPhase
from fastflow.report.graph_svg import graph_svg, title_of

_CSS = """\
:root{color-scheme:light dark;--ink:#1f2328;--page:#fff;--edge:#d1d9e0}
@media (prefers-color-scheme:dark){:root{--ink:#f0f6fc;--page:#0d1117;--edge:#3d444d}}
body{margin:1.5rem;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page)}
.picture{overflow-x:auto}
table{border-collapse:collapse;margin-top:1.5rem}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .8rem;border-bottom:1px solid var(--edge)}
td{overflow-wrap:anywhere}
@media print{.picture{overflow:visible}}
"""
_COLUMNS = ("phase", "mode", "BUILD_ID", "wave", "waits for", "on the critical path")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def graph_html(drawing: Drawing) -> str:
    """Draw on a page of its own."""
    title = escape(title_of(drawing))
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{title}</title>",
        f"<style>{_CSS}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{escape(drawing.name)}</h1>",
        f'<div class="picture" tabindex="0" role="region" aria-label="The graph">{graph_svg(drawing)}</div>',
        *_table(drawing, title),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines)


def _table(drawing: Drawing, title: str) -> list[str]:
    heads = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    return [
        "<table>",
        f"<caption>{title}</caption>",
        f"<thead><tr>{heads}</tr></thead>",
        "<tbody>",
        *(_row(phase, drawing) for phase in drawing.phases),
        "</tbody>",
        "</table>",
    ]


def _row(phase: DrawnPhase, drawing: Drawing) -> str:
    before = "<br>".join(
        f"{escape(edge.before)} ({escape(edge.reason)}, {escape(edge.condition)})" for edge in drawing.before[phase.id]
    )
    out = "" if phase.is_selected else " (left out)"
    cells = (escape(phase.mode) + out, escape(phase.build_id or phase.counted), str(phase.wave), before)
    inner = "".join(f"<td>{cell}</td>" for cell in (*cells, "yes" if phase.is_critical else ""))
    return f'<tr><th scope="row">{escape(phase.id)}</th>{inner}</tr>'
