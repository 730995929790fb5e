"""The recorder's proxy: real, and not to be broken."""

import base64
import http.client
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from tests.unit.emulator.applications import Site, serve
from tests.unit.emulator.conftest import PATIENCE, Nodes, free_port
from tests.unit.emulator.proxying import baselines, connected, echo, finish, raw_server, through


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve(echo) as served:
        yield served


def test_what_is_proxied_becomes_a_baseline(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record(BUILD_ID="7", TEST_RECORD_NAME="of the\nshop")
    assert "[info] Node connected to Wallarm Cloud" in node.lines
    assert node.lines[-1].endswith(" of the shop starts to record")
    headers = {"Content-Type": "text/x", "Cookie": "a=b", "Connection": "keep-alive, X-Hop", "X-Hop": "1"}
    response, content = through(port, "POST", f"{site.url}/a%20b?c=%7e#", b"\x00\xff", **headers)
    assert (response.status, response.getheader("X-Kept"), content) == (200, "yes", b"POST /a%20b {'c': '~'}")
    assert response.msg.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert "x-hop" not in site.requests[-1].headers
    finish(node)
    (kept,) = baselines(nodes, "7")
    assert (kept["method"], kept["url"]) == ("POST", f"{site.url}/a%20b?c=%7e#")
    assert base64.b64decode(kept["body"]) == b"\x00\xff"
    assert {"cookie": "a=b", "content-type": "text/x"}.items() <= {k.lower(): v for k, v in kept["headers"]}.items()
    assert not {"connection", "content-length", "proxy-connection"} & {key.lower() for key, _ in kept["headers"]}


def test_hosts_that_are_not_allowed_are_proxied_and_not_recorded(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record(ALLOWED_HOSTS="(localhost|app)")
    for host in ("127.0.0.1", "localhost"):
        assert through(port, "GET", site.url.replace("127.0.0.1", host) + f"/{host}")[0].status == 200
    finish(node)
    assert [kept["url"].rpartition("/")[2] for kept in baselines(nodes)] == ["localhost"]


def test_requests_that_get_no_answer_are_not_recorded(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    for url in (f"http://127.0.0.1:{free_port()}/", "http://no-such-host.invalid/", f"http://{'a' * 80}.test/"):
        assert through(port, "GET", url)[0].status == 502
    assert through(port, "GET", "/origin-form")[0].status == 400
    for url in ("http://[::1/", "http://a:99999/", "http://:80/", "ftp://a/"):
        with connected(port) as client:
            client.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert client.recv(100).startswith(b"HTTP/1.1 400")
    assert through(port, "GET", f"{site.url}/good")[0].status == 200
    finish(node)
    assert [kept["url"] for kept in baselines(nodes)] == [f"{site.url}/good"]


def test_one_connection_serves_many_requests_of_all_kinds(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    client.request("HEAD", f"{site.url}/head")
    response = client.getresponse()
    assert (response.status, response.read()) == (200, b"")
    assert response.getheader("Content-Length") == str(len("HEAD /head {}"))
    client.request("GET", f"{site.url}/?size=3000000")
    assert len(client.getresponse().read()) == 3_000_000
    client.request("PUT", f"{site.url}/chunks", iter([b"ab", b"cd"]), encode_chunked=True)
    assert client.getresponse().read() == b"PUT /chunks {}"
    client.request("GET", f"{site.url}/up", headers={"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"})
    assert client.getresponse().read() == b"GET /up {}"
    client.request("POST", f"{site.url}/last", b"y" * 2_000_000)
    assert client.getresponse().read() == b"POST /last {}"
    client.close()
    finish(node)
    kept = baselines(nodes)
    assert [one["method"] for one in kept] == ["HEAD", "GET", "PUT", "GET", "POST"]
    assert [len(base64.b64decode(one["body"])) for one in kept] == [0, 0, 4, 0, 2_000_000]


def test_a_client_that_expects_to_be_asked_is_asked(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    head = f"POST {site.url}/e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    with connected(port) as client:
        client.sendall(head.encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 100")
        client.sendall(b"ok")
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
    finish(node)
    assert "Expect" not in dict(baselines(nodes)[0]["headers"])


def test_a_response_comes_through_as_it_is_sent(nodes: Nodes) -> None:
    _, port = nodes.record()
    go_on = threading.Event()
    chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"
    with raw_server(chunk, go_on, b"4\r\nlast\r\n0\r\n\r\n") as url:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        client.request("GET", url)
        response = client.getresponse()
        assert response.read(5) == b"first"
        go_on.set()
        assert response.read() == b"last"
        client.close()


def test_a_response_that_breaks_off_is_no_baseline(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    with raw_server(half) as url, pytest.raises(http.client.IncompleteRead):
        through(port, "GET", url)
    with raw_server(b"this is no HTTP\r\n\r\n") as url:
        assert through(port, "GET", url)[0].status == 502
    assert through(port, "GET", f"{site.url}/good")[0].status == 200
    finish(node)
    assert [kept["url"] for kept in baselines(nodes)] == [f"{site.url}/good"]


def test_broken_clients_do_not_stop_the_proxy(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    for text in (b"", b"nonsense\r\n\r\n", b"\x16\x03\x01", b"GET http://x HTTP/9.9\r\n\r\n", b"A" * 400_000):
        with connected(port) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(text)
    with connected(port) as client:
        client.sendall(f"GET {site.url}/?size=9000000 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.recv(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert through(port, "GET", f"{site.url}/good")[0].status == 200
    finish(node)
    assert "Traceback" not in node.log
    assert f"{site.url}/good" in [kept["url"] for kept in baselines(nodes)]


def test_a_tunnel_passes_bytes_both_ways_and_records_none(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    client.set_tunnel(site.host)
    client.request("GET", "/in-tunnel")
    assert client.getresponse().read() == b"GET /in-tunnel {}"
    client.close()
    for target in (f"127.0.0.1:{free_port()}", "no port", "127.0.0.1:99999999999"):
        with connected(port) as raw:
            raw.sendall(f"CONNECT {target.replace(' ', '')} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert raw.recv(100).startswith(b"HTTP/1.1 502")
    finish(node)
    assert baselines(nodes) == []
