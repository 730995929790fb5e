"""The report of a run as one HTML file, for people."""

from fastflow.record.archive import Archive


def render(archive: Archive) -> str:
    """Give the report: one file that loads nothing, readable without its script (docs: how-to, read a report)."""
    from fastflow.report.html.page import html_of  # noqa: PLC0415  # jinja2 takes 0.05 s, for this kind of report alone
    from fastflow.report.html.view import page_of  # noqa: PLC0415  # as above

    return html_of(page_of(archive))
