"""Reflected cross-site scripting: what a browser would run is found, what it would not is no finding."""

import gzip
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from fastflow.emulator.node.baseline import Baseline
from tests.unit.emulator.applications import Asked, Told, found_in, get, post, post_json, post_multipart

Render = Callable[[str], Told | str]


def found(render: Render, request: Baseline | None = None) -> set[tuple[str, str]]:
    def application(asked: Asked) -> Told:
        told = render(asked.value("q"))
        return Told(told) if isinstance(told, str) else told

    return found_in(application, request or get())


def no_angles(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def no_quotes(text: str) -> str:
    return text.replace('"', "&quot;").replace("'", "&#39;")


def script_json(text: str) -> str:
    return json.dumps(text).replace("<", "\\u003c").replace(">", "\\u003e").replace("/", "\\/")


HOLES: dict[str, Render] = {
    "body": lambda q: f"<p>{q}</p>",
    "body that says the type in capitals": lambda q: Told(f"<p>{q}", "TEXT/HTML"),
    "page that is not found": lambda q: Told(f"<p>No {q} here</p>", status=404),
    "page of a failure": lambda q: Told(f"<p>{q} failed</p>", status=500),
    "page without a type": lambda q: Told(f"<html><p>{q}", ""),
    "XML page": lambda q: Told(f"<html xmlns='http://www.w3.org/1999/xhtml'>{q}</html>", "application/xhtml+xml"),
    "compressed page": lambda q: Told(gzip.compress(f"<p>{q}".encode()), headers=(("Content-Encoding", "gzip"),)),
    "attribute in double quotes": lambda q: f'<input value="{no_angles(q)}">',
    "attribute in single quotes": lambda q: f"<input value='{no_angles(q)}'>",
    "attribute without quotes": lambda q: f"<input value={no_quotes(no_angles(q))}>",
    "address of a link": lambda q: f'<a href="{html.escape(q)}">next</a>',
    "address of a frame": lambda q: f'<iframe src="{html.escape(q)}"></iframe>',
    "address of a script": lambda q: f'<script src="{html.escape(q)}"></script>',
    "document of a frame": lambda q: f'<iframe srcdoc="{html.escape(q)}"></iframe>',
    "string of a script": lambda q: f"<script>var a = '{no_angles(q)}';</script>",
    "double-quoted string of a script": lambda q: f'<script>var a = "{no_angles(q)}";</script>',
    "template of a script": lambda q: f"<script>var a = `{html.escape(q)}`;</script>",
    "number in a script": lambda q: f"<script>var a = {html.escape(q)};</script>",
    "comment of a script": lambda q: f"<script>/* {html.escape(q)} */</script>",
    "line comment of a script": lambda q: f"<script>\n// {html.escape(q)}\n</script>",
    "string whose backslash stays": lambda q: "<script>var a = '" + no_angles(q).replace("'", "\\'") + "';</script>",
    "string of a script that may end": lambda q: f"<script>var a = {json.dumps(q)};</script>",
    "data in a script": lambda q: f'<script type="application/json">{json.dumps(q)}</script>',
    "handler, escaped for HTML alone": lambda q: f"<a onclick=\"go('{html.escape(q)}')\">go</a>",
    "textarea": lambda q: f"<textarea>{q}</textarea>",
    "title": lambda q: f"<head><title>{q}</title></head>",
    "comment": lambda q: f"<!-- {q} -->",
    "style": lambda q: f"<style>{q}</style>",
    "noscript": lambda q: f"<noscript>{q}</noscript>",
    "template element": lambda q: f"<template>{q}</template>",
    "script tags taken out once": lambda q: (
        "<p>" + re.sub(r"</?script>", "", q).replace("onload", "").replace("on", "")
    ),
    "svg forbidden": lambda q: "<p>forbidden" if "svg" in q.lower() else f"<p>{q}",
    "spaces taken out": lambda q: "<p>" + q.replace(" ", ""),
    "script forbidden in small letters": lambda q: "<p>" + re.sub(r"\bon\w+=|script|svg", "", q),
    "brackets taken out": lambda q: "<p>" + re.sub("[()]", "", q),
    "tags that are whole taken out": lambda q: "<p>" + re.sub("<[^>]*>", "", q) + "</p>",
    "scheme taken out once": lambda q: f'<a href="{html.escape(q.replace("javascript:", ""))}">next</a>',
    "scheme forbidden at the start": lambda q: f'<a href="{"" if q[:1].lower() == "j" else html.escape(q)}">next</a>',
    "capitals": lambda q: f"<p>{q.upper()}</p>",
    "entities read before it is written": lambda q: f"<p>{html.unescape(no_angles(q).replace('&', '&'))}</p>",
    "escaped once and raw once": lambda q: f'<input value="{html.escape(q)}"><p>{q}</p>',
}
DECOYS: dict[str, Render] = {
    "escaped in the body": lambda q: f"<p>{html.escape(q)}</p>",
    "escaped in an attribute": lambda q: f'<p title="{html.escape(q)}">x</p>',
    "quotes raw in the body": lambda q: f"<p>{no_angles(q)}</p>",
    "angles raw in a quoted attribute": lambda q: f'<input value="{no_quotes(q)}">',
    "JSON": lambda q: Told(json.dumps({"q": q}), "application/json"),
    "plain text": lambda q: Told(q, "text/plain; charset=utf-8"),
    "script file": lambda q: Told(f"callback({q})", "application/javascript"),
    "download": lambda q: Told(f"<p>{q}", headers=(("Content-Disposition", "attachment; filename=a.html"),)),
    "no type, and none to be guessed": lambda q: Told(f"<p>{q}", "", headers=(("X-Content-Type-Options", "nosniff"),)),
    "no type, and text": lambda q: Told(f"You asked for {q}", ""),
    "redirect with a page": lambda q: Told(f"<p>{q}", status=302, headers=(("Location", "/"),)),
    "escaped textarea": lambda q: f"<textarea>{no_angles(q)}</textarea>",
    "textarea that cannot be ended": lambda q: "<textarea>" + re.sub("(?i)</", "", q) + "</textarea>",
    "escaped title": lambda q: f"<title>{no_angles(q)}</title>",
    "comment that cannot be ended": lambda q: "<!-- " + q.replace(">", "") + " -->",
    "string of a script, escaped": lambda q: f"<script>var a = {script_json(q)};</script>",
    "single-quoted string of a script, escaped": lambda q: (
        "<script>var a = '" + script_json(q)[1:-1].replace("'", "\\u0027") + "';</script>"
    ),
    "data in a script, escaped": lambda q: f'<script type="application/json">{script_json(q)}</script>',
    "handler, escaped for both": lambda q: f'<a onclick="go({html.escape(script_json(q))})">go</a>',
    "address with a scheme": lambda q: f'<a href="{html.escape(q if q.startswith("http") else "/")}">next</a>',
    "address with the value in its query": lambda q: f'<a href="/go?to={quote(q)}">next</a>',
    "address of an image": lambda q: f'<img src="{html.escape(q)}">',
    "address of a style sheet": lambda q: f'<link rel="stylesheet" href="{html.escape(q)}">',
    "style, escaped": lambda q: f"<style>.{re.sub('[^a-z0-9]', '', q)} {{}}</style>",
    "data attribute": lambda q: f"<p data-q='{html.escape(json.dumps(q))}'>x</p>",
    "tags taken out": lambda q: "<p>" + re.sub(r"[<>]", "", q),
    "number, or an echo that is escaped": lambda q: f"<p>{int(q) if q.isdecimal() else html.escape(q)}</p>",
    "other scripts on the page": lambda q: f"<script>alert(1)</script><p onclick='f()'>{html.escape(q)}</p>",
    "empty answer": lambda q: Told("", status=204),
}


@pytest.mark.parametrize("name", HOLES)
def test_a_value_that_runs_in_the_browser_is_found(name: str) -> None:
    assert found(HOLES[name]) == {("xss", "q")}


@pytest.mark.parametrize("name", DECOYS)
def test_a_value_that_does_not_run_is_no_finding(name: str) -> None:
    assert found(DECOYS[name]) == set()


@pytest.mark.parametrize("request_of", [post, post_multipart])
def test_forms_are_tried(request_of: Callable[[dict[str, str]], Baseline]) -> None:
    assert found(HOLES["body"], request_of({"a": "1", "q": "x"})) == {("xss", "q")}


def test_json_is_tried_where_it_comes_back_in_a_page() -> None:
    def application(asked: Asked) -> Told:
        return Told(f"<p>{asked.content['items'][1]['name']}")

    request = post_json({"items": [{"name": "a"}, {"name": "b"}], "count": 2})
    assert found_in(application, request) == {("xss", "items[1].name")}


def test_a_value_is_tried_behind_the_recorded_one_too() -> None:
    def render(q: str) -> str:
        return f"<p>{q if q.startswith('http://') else 'no address'}</p>"

    assert found(render, get("/page?q=http://a.test/")) == {("xss", "q")}


def test_what_an_earlier_request_left_on_a_page_is_no_reflection() -> None:
    kept: list[str] = []

    def render(q: str) -> str:
        page = "<p>" + "".join(kept)
        kept[:] = [q]
        return page

    assert found(render) == set()
