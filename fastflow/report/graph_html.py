"""The DAG as a page: the picture, and a table with the same content. One file, without scripts or loaded resources."""

from collections.abc import Sequence
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
h1,caption,th,td{overflow-wrap:anywhere}
@media (max-width:700px){
body{margin:1rem}
table,caption,tbody,tr,th,td{display:block}
thead{position:absolute;clip-path:inset(50%)}
tr{padding:.5rem 0;border-bottom:1px solid var(--edge)}
th,td{padding:.1rem 0;border:0}
td:empty{display:none}
td::before{content:attr(data-label) ": ";font-weight:600}
}
@media print{.picture{overflow:visible}}
"""
_COLUMNS = ("phase", "mode", "BUILD_ID", "wave", "waits for")
_PATH = "on the critical path"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def graph_html(drawing: Drawing) -> str:
    """Draw on a separate page."""
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
    """A table whose rows are blocks in a narrow window; roles keep it a table for screen readers."""
    columns = (*_COLUMNS, *([_PATH] if drawing.critical_path else ()))
    heads = "".join(f'<th scope="col" role="columnheader">{name}</th>' for name in columns)
    return [
        '<table role="table">',
        f"<caption>{title}</caption>",
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>',
        '<tbody role="rowgroup">',
        *(_row(phase, drawing, columns) for phase in drawing.phases),
        "</tbody>",
        "</table>",
    ]


def _row(phase: DrawnPhase, drawing: Drawing, columns: Sequence[str]) -> str:
    before = "<br>".join(
        f"{escape(edge.before)} ({escape(edge.reason)}, {escape(edge.condition)})" for edge in drawing.before[phase.id]
    )
    out = "" if phase.is_selected else " (left out)"
    path = "yes" if phase.is_critical else ""
    cells = (escape(phase.mode) + out, escape(phase.build_id or phase.counted), str(phase.wave), before, path)
    named = zip(columns[1:], cells, strict=False)  # no path, no column for it
    inner = "".join(f'<td role="cell" data-label="{name}">{cell}</td>' for name, cell in named)
    return f'<tr role="row"><th scope="row" role="rowheader">{escape(phase.id)}</th>{inner}</tr>'
