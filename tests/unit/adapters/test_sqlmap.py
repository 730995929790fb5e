"""The adapter of sqlmap, on what sqlmap 1.10 wrote."""

import base64
import re
from pathlib import Path
from typing import Any

from .loading import SESSION, TARGET, adapter, attack, captured, shared

sqlmap, record = adapter("sqlmap"), shared("record")


def requests() -> list[Any]:
    return list(record.one_of_each_shape(attack().requests))


def logged(*given: Any) -> list[str]:
    """The requests in the proxy's log, in the way that sqlmap reads them (BURP_XML_HISTORY_REGEX)."""
    found = re.finditer(
        r'<port>(\d+)</port>.*?<request base64="true"><!\[CDATA\[([^]]+)', sqlmap.proxy_log(given), re.DOTALL
    )
    return [f"{match[1]} {base64.b64decode(match[2]).decode()}" for match in found]


def test_an_injection_is_found_at_its_parameter_of_the_recorded_request() -> None:
    (found,) = sqlmap.findings(captured("sqlmap.json"), requests())
    assert (found.rule.id, found.method, found.url, found.parameter) == (
        "sql_injection",
        "POST",
        f"{TARGET}/coupon",
        "code",
    )
    assert found.message.startswith("SQL injection in the POST parameter code: boolean-based blind, error-based")
    assert "payload: code=SPRING' AND " in found.request


def test_an_injection_of_a_request_with_a_query_is_at_that_request() -> None:
    report = captured("sqlmap.json")
    report["data"][0]["value"] = {"url": f"{TARGET}/search", "query": "q=oak", "data": None}
    (found,) = sqlmap.findings(report, requests())
    assert (found.method, found.url) == ("GET", f"{TARGET}/search?q=oak")


def test_a_report_on_several_targets_is_read_like_one_on_one() -> None:
    both = [record.Request("GET", f"http://app:8440/?id=1{more}") for more in ("", "&echo=foo")]
    found = list(sqlmap.findings(captured("sqlmap-two-targets.json"), both))
    assert [(one.url, one.parameter) for one in found] == [(request.url, "id") for request in both]


def test_a_target_without_techniques_is_no_finding() -> None:
    report = captured("sqlmap.json")
    report["data"] = report["data"][:1]
    assert list(sqlmap.findings(report, requests())) == []


def test_a_request_is_logged_with_method_session_and_body() -> None:
    request = record.Request("PUT", f"{TARGET}/x?a=1", (("Cookie", SESSION), ("Content-Length", "9")), "b=ü\nc=]]>")
    assert logged(request) == [
        f"3000 PUT /x?a=1 HTTP/1.1\r\nHost: app:3000\r\nCookie: {SESSION}\r\n\r\nb=ü\r\nc=]]>",
    ]


def test_every_request_is_logged_for_itself() -> None:
    assert [text.split()[1:3] for text in logged(*requests()[:3])] == [
        [request.method, request.url.removeprefix(TARGET)] for request in requests()[:3]
    ]


def test_redirects_are_not_followed_and_tls_is_kept() -> None:
    plain = sqlmap.command(attack(), Path("scratch"), Path("log"), Path("report"))
    assert "--ignore-redirects" in plain
    assert "--force-ssl" not in plain
    tls = shared("adapter").Attack("https://app", "7", (), ())
    assert "--force-ssl" in sqlmap.command(tls, Path("scratch"), Path("log"), Path("report"))


def test_a_record_without_parameters_is_nothing_to_attack(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(sqlmap, "version", lambda _name: "1.10")
    plain = shared("adapter").Attack(TARGET, "7", [record.Request("GET", f"{TARGET}/about")], ())
    assert sqlmap.scan(plain, tmp_path).findings == []
