"""The page: the template with its style and scripts inline, and a policy that allows nothing else."""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fastflow.model.mode import MODES, Mode
from fastflow.record.archive import Archive
from fastflow.report.graph_drawing import drawing_of, folded
from fastflow.report.graph_svg import GRAPH_CSS, graph_svg
from fastflow.report.html.view import Page, page_of
from fastflow.report.text import pictured

_ASSETS = "assets"
_FILLS = {"waiting": "#bbb", "starting": "#a9b4c0", "stopping": "#9a6700"}
"""The colours of bars if a server's policy forbids styles."""
_SCRIPTS = ("theme.js", "vulnerabilities.js", "copying.js", "logs.js")


def render(archive: Archive) -> str:
    """Return the report: one file that loads nothing, readable without its script (docs: how-to, read a report)."""
    page = page_of(archive)
    style = GRAPH_CSS + _asset("report.css") + "\n".join(_colours_of(mode) for mode in MODES.values())
    early, script = _asset("early.js"), "\n".join(_asset(name) for name in _SCRIPTS)
    template = _environment().get_template("report.html.j2")
    return template.render(
        page=page,
        graph=_graph(page),
        fills=_FILLS | {mode.word: mode.colours.light[1] for mode in MODES.values()},
        policy=_policy(style, (early, script)),
        style=Markup(style),  # noqa: S704  # files of this package
        early_script=Markup(early),  # noqa: S704  # as above
        script=Markup(script),  # noqa: S704  # as above
    )


def _colours_of(mode: Mode) -> str:
    """The style of a mode's time bar and of its box; here a button chooses between light and dark."""
    (fill, edge), (dark_fill, dark_edge) = mode.colours.light, mode.colours.dark
    box = f"--{mode.name}: light-dark({fill}, {dark_fill}); --{mode.name}-edge: light-dark({edge}, {dark_edge});"
    return f".bar.{mode.word} {{ fill: light-dark({edge}, {dark_edge}); }}\n.picture .ffg {{ {box} }}"


def _graph(page: Page) -> Markup | None:
    """Draw the plan, if the run's folder has one; cells of a matrix that ended alike are merged."""
    if page.plan is None:
        return None
    states = {row.phase.id: row.phase.state for row in page.phases}
    drawn = pictured(graph_svg(folded(drawing_of(page.plan, states)), styled=False))
    return Markup(drawn)  # noqa: S704  # it escapes all texts itself


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(__package__, _ASSETS),
        autoescape=True,
        # No text of a run may hide anything, or have what UTF-8 cannot: control characters, turned letters, surrogates.
        finalize=lambda value: pictured(value) if type(value) is str else value,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(_ASSETS).joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, scripts: Iterable[str]) -> str:
    """Allow these texts by their hashes (CSP Level 3) and nothing else; no script may write HTML (Trusted Types)."""
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {allowed}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
