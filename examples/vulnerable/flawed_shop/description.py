"""The description of the shop's API, as a team publishes it: scanners that test by a schema start here."""

from pathlib import Path

from shop.web import Application, Request, Response

_DOCUMENT = (Path(__file__).parent / "openapi.json").read_text()


def add_description(application: Application) -> None:
    """Serve the OpenAPI document."""
    application.add("GET", "/openapi.json", _openapi)


def _openapi(_request: Request) -> Response:
    return Response(_DOCUMENT, content_type="application/json")
