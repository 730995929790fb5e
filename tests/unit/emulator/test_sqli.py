"""Error-based SQL injection: real databases' complaints are found, pages that only look like it are not."""

import html
import itertools
import json
import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from fastflow.emulator.node.sql_errors import sql_errors
from tests.unit.emulator.applications import Application, Asked, Told, found_in, get, post, post_json, post_multipart

Reply = Callable[[str], Told | str]
MYSQL = "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the "
HELP = f"""<ul><li>{MYSQL}right syntax to use near '' at line 1<li>sqlite3.OperationalError: near "x": syntax error
<li>ERROR: unterminated quoted string at or near "'"<li>ORA-01756: quoted string not properly terminated</ul>"""
SEARCH = "SELECT name FROM product WHERE name = '{}'"


def application(reply: Reply) -> Application:
    def answer(asked: Asked) -> Told:
        told = reply(asked.value("q"))
        return Told(told) if isinstance(told, str) else told

    return answer


def query(statement: str, values: tuple[str, ...] = ()) -> str:
    """Run a statement on a real database: `sqlite3.Error` is what a flawed application shows."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(
            "CREATE TABLE product (id INTEGER, name TEXT); INSERT INTO product VALUES (1, 'lamp');"
            "CREATE VIRTUAL TABLE words USING fts5(text); INSERT INTO words VALUES ('lamp')"
        )
        return str(database.execute(statement, values).fetchall())


def shown(statement: str, form: str = "<pre>sqlite3.{kind}: {error}</pre>", status: int = 500) -> Reply:
    def reply(q: str) -> Told:
        try:
            return Told(html.escape(query(statement.replace("{}", q))))
        except (sqlite3.Error, ValueError) as error:  # ValueError: a NUL, before Python 3.11
            return Told(form.format(kind=type(error).__name__, error=html.escape(str(error))), status=status)

    return reply


def other_database(error: str, quote: str = "'", escapes: str = "") -> Reply:
    """A string of a statement in another database: `error` is what it says where the string does not end."""

    def reply(q: str) -> str:
        text = re.sub(re.escape(escapes) + ".", "", q, flags=re.DOTALL) if escapes else q
        dangling = bool(escapes) and text.endswith(escapes)
        return f"Fatal: {error}" if text.count(quote) % 2 or dangling else f"<p>{html.escape(q)}"

    return reply


def doubled(reply: Reply) -> Reply:
    """Quotes are escaped as SQL has it."""
    return lambda q: reply(q.replace("'", "''"))


def url_decoded(reply: Reply) -> Reply:
    return lambda q: reply(q.replace("%27", "'"))


def no_detail(_: str) -> str:
    return "<p>sqlite3.OperationalError</p>"


HOLES: dict[str, Reply] = {
    "string": shown(SEARCH),
    "string, error as the driver says it alone": shown(SEARCH, "{error}", 200),
    "string, error in JSON": lambda q: Told(json.dumps({"error": bare(SEARCH, q)}), "application/json"),
    "string, error as repr": lambda q: Told(f"<pre>{bare(SEARCH, q)!r}", status=500),
    "string, no detail": shown(SEARCH, "<p>sqlite3.OperationalError</p>"),
    "number": shown("SELECT name FROM product WHERE id = length('{}') + 0{}".replace("length('{}') + 0", "")),
    "number, no detail": shown("SELECT name FROM product WHERE id = {}", "<p>sqlite3.OperationalError</p>"),
    "number in a list": shown("SELECT name FROM product WHERE id IN ({}, 5)", "{error}"),
    "limit": shown("SELECT name FROM product LIMIT {}"),
    "pattern": shown("SELECT name FROM product WHERE name LIKE '%{}%' AND (id > 0)"),
    "string in brackets": shown("SELECT name FROM product WHERE (name = lower('{}'))"),
    "order": shown("SELECT name FROM product ORDER BY {}"),
    "quoted name": shown('SELECT name AS "{}" FROM product'),
    "double-quoted string": shown('SELECT name FROM product WHERE name = "{}"'),
    "new row": shown("INSERT INTO product VALUES (2, '{}')"),
    "any quote": lambda q: f"Fatal: {MYSQL}right syntax" if "'" in q else f"<p>{html.escape(q)}",
    "any quote, echoed": lambda q: shown(SEARCH)(q[: q.find("'") + 1]) if "'" in q else "<p>ok",
    "any double quote": lambda q: f'ERROR: syntax error at or near "{html.escape(q)}"' if '"' in q else "<p>ok",
    "value decoded twice": url_decoded(shown(SEARCH)),
    "MySQL": other_database(MYSQL + "right syntax to use near '''x'''' at line 1"),
    "MySQL, backslash": doubled(other_database(MYSQL + "right syntax to use near 'x' at line 1", escapes="\\")),
    "MySQL of PHP": other_database("Warning: mysqli_fetch_assoc() expects parameter 1 to be mysqli_result, bool given"),
    "MariaDB of Python": other_database('pymysql.err.ProgrammingError: (1064, "You have an error in your SQL syntax")'),
    "PostgreSQL": other_database('psycopg2.errors.SyntaxError: unterminated quoted string at or near "\'x"'),
    "PostgreSQL of Go": other_database('pq: syntax error at or near "x"'),
    "SQL Server": other_database("Unclosed quotation mark after the character string 'x'."),
    "SQL Server, number": other_database("Incorrect syntax near 'x'."),
    "Oracle": other_database("ORA-01756: quoted string not properly terminated"),
    "Access": other_database("Syntax error (missing operator) in query expression 'name = 'x'''."),
    "Java": other_database("java.sql.SQLSyntaxErrorException: ..."),
    "PDO": other_database("SQLSTATE[42000]: Syntax error or access violation: 1064"),
}


def bare(statement: str, q: str) -> str:
    try:
        return query(statement.replace("{}", q))
    except (sqlite3.Error, ValueError) as error:
        return f"sqlite3.{type(error).__name__}: {error}"


def waf(q: str) -> str:
    return HELP if re.search(r"['\"();\\]", q) else f"<p>{html.escape(q)}"


def odd(q: str) -> Told:
    return Told("<p>ok") if q.isalnum() else Told("<h1>Internal Server Error</h1>", status=500)


def column(q: str) -> str:
    return "<p>lamp" if q in ("1", "name") else f"Unknown column '{no_angles(q)}' in 'order clause'"


def no_angles(text: str) -> str:
    return text.replace("<", "&lt;")


def bound(statement: str) -> Reply:
    def reply(q: str) -> str:
        try:
            return query(statement, (q,))
        except sqlite3.Error as error:
            return f"sqlite3.{type(error).__name__}: {error}"

    return reply


def number_of(words: str) -> Reply:
    return lambda q: f"<p>{q}" if q.isdecimal() else f'{words}: "{html.escape(q)}"'


def tips() -> Reply:
    chance = random.Random(7)  # one that shows each of them often
    said = [line for line in HELP.split("<li>") if line]
    return lambda _: said[chance.randrange(len(said))]


def by_turns() -> Reply:
    turns = itertools.cycle([HELP, "", ""])
    return lambda _: next(turns)


DECOYS: dict[str, Reply] = {
    "errors on every page": lambda q: HELP + html.escape(q),
    "errors where nothing is found": lambda q: "<p>found" if q == "1" else HELP + html.escape(q),
    "errors on what looks like an attack": waf,
    "failure of anything odd": odd,
    "echo": lambda q: Told(f"no results for {q}", "text/plain"),
    "message of the application's own": column,
    "message of the application's own, escaped": lambda q: html.escape(column(q)),
    "message like SQLite's": lambda q: "<p>lamp" if q.isalnum() else html.escape(f'near "{q}": syntax error'),
    "script with an error that ends in a value": lambda q: f"<script>a = '{MYSQL}use near '' at line 1'</script>",
    "message of the application's own, in JSON": lambda q: Told(json.dumps({"error": column(q)}), "application/json"),
    "bound value": bound("SELECT name FROM product WHERE name = ?"),
    "bound search": bound("SELECT text FROM words WHERE text MATCH ?"),
    "number of PostgreSQL, bound": number_of("invalid input syntax for type integer"),
    "number of Python": number_of("ValueError: invalid literal for int() with base 10"),
    "parser of another language": number_of("Syntax error: unexpected token at or near the end of the filter"),
    "database that is locked": lambda q: "sqlite3.OperationalError: database is locked" if "'" in q else "<p>ok",
    "an error at any time": tips(),
    "an error each third time": by_turns(),
    "always failing": lambda _: Told(no_detail(""), status=500),
}


@pytest.mark.parametrize("name", HOLES)
def test_a_statement_that_a_value_breaks_is_found(name: str) -> None:
    assert found_in(application(HOLES[name]), get("/page?q=1")) == {("sqli", "q")}


@pytest.mark.parametrize("name", DECOYS)
def test_a_page_with_words_of_databases_is_no_finding(name: str) -> None:
    assert found_in(application(DECOYS[name]), get("/page?q=1")) == set()


@pytest.mark.parametrize("value", ["", "lamp", "O'Brien", "a@b.test", "x y"])
def test_the_recorded_value_may_be_any(value: str) -> None:
    for request in (post({"q": value, "r": "x"}), post_multipart({"q": value})):
        assert found_in(application(HOLES["string"]), request) == {("sqli", "q")}


def test_json_is_tried() -> None:
    def answer(asked: Asked) -> Told:
        return Told(
            bare("SELECT name FROM product WHERE id = {}", str(asked.content["filter"]["ids"][1])), "text/plain"
        )

    assert found_in(answer, post_json({"filter": {"ids": [1, 2]}})) == {("sqli", "filter.ids[1]")}


def test_cookies_and_headers_of_the_recorded_client_stay() -> None:
    def answer(asked: Asked) -> Told:
        if asked.cookies.get("session") != "s3" or asked.headers.get("authorization") != "Bearer x":
            return Told("<p>log in", status=403)
        return Told(bare(SEARCH, asked.value("q")))

    headers = [(b"Cookie", b"a=b; session=s3"), (b"Authorization", b"Bearer x")]
    assert found_in(answer, get("/page?q=1", headers)) == {("sqli", "q")}
    assert found_in(answer, get("/page?q=1")) == set()


def test_a_text_that_is_always_there_does_not_count_for_repeating_the_value() -> None:
    page = f"{MYSQL}right syntax to use near 'a' at line 1"
    assert not sql_errors(page, "a'").without(sql_errors(page, "a''"))
    assert sql_errors(page, "b'").without(sql_errors("<p>fine", "b''"))
