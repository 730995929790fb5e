"""Pages that look like holes to a careless scanner, and are none: a finding here is a false alarm."""

from http import HTTPStatus
from pathlib import Path

from shop.layout import page
from shop.markup import Markup, fill
from shop.store import Store
from shop.web import Application, HttpError, Request, Response, json_response, redirect, text_response

MANUALS = Path(__file__).parent / "manuals"
_ERRORS = (
    "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version",
    'sqlite3.OperationalError: near "\'": syntax error',
    'ERROR: unterminated quoted string at or near "\'"',
    "ORA-01756: quoted string not properly terminated",
)
_ACCOUNTS = "root:x:0:0:root:/root:/bin/sh"


def add_decoys(application: Application, store: Store) -> None:
    """Add the decoys to the application."""
    application.add("GET", "/greeting", _greeting)
    application.add("GET", "/help/errors", _sql_errors)
    application.add("GET", "/help/accounts", _accounts)
    application.add("GET", "/leaflets", _leaflet)
    application.add("GET", "/api/echo", _json_echo)
    application.add("GET", "/echo.txt", _text_echo)
    application.add("GET", "/notes", _Notes(store).show)


def _greeting(request: Request) -> Response:
    """Safe: reflected in an element and in an attribute, escaped for both."""
    name = request.query.get("name", "")
    return page("Greeting", fill('<p title="{name}">Hello, {name}!</p>', name=name))


def _sql_errors(request: Request) -> Response:
    """Safe: a page about SQL errors shows them, whatever it is asked."""
    errors = Markup("").join(fill("<li>{error}</li>", error=error) for error in _ERRORS)
    asked = fill("<p>You asked for {topic}.</p>", topic=request.query.get("topic", ""))
    return page("What database errors mean", asked, fill("<ul>{errors}</ul>", errors=Markup(errors)))


def _accounts(request: Request) -> Response:
    """Safe: a page about the format of /etc/passwd shows a line of one, whatever it is asked."""
    line = fill("<p>About {field}:</p><pre>{line}</pre>", field=request.query.get("field", ""), line=_ACCOUNTS)
    return page("How to read /etc/passwd", line)


def _leaflet(request: Request) -> Response:
    """Safe: a `file` is looked up among the names there are, never made into a path."""
    name = request.query.get("file", "")
    leaflets = {path.name: path for path in MANUALS.iterdir()}
    if name not in leaflets:
        raise HttpError(HTTPStatus.NOT_FOUND, "There is no such leaflet.")
    return text_response(leaflets[name].read_text())


def _json_echo(request: Request) -> Response:
    """Safe: what comes back raw is JSON, which no browser renders as a page."""
    return json_response({"text": request.query.get("text", "")})


def _text_echo(request: Request) -> Response:
    """Safe: what comes back raw is plain text, and `nosniff` keeps it so."""
    return text_response(request.query.get("text", ""))


class _Notes:
    def __init__(self, store: Store) -> None:
        self._store = store

    def show(self, request: Request) -> Response:
        """Safe: behind the login, escaped, and a stranger is sent away without an echo."""
        name = self._store.customer(request.cookies.get("session", ""))
        if name is None:
            return redirect("/login")
        return page(f"Notes of {name}", fill("<p>{text}</p>", text=request.query.get("text", "")))
