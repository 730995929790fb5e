"""HTTPS through the recorder: what it records, whom its clients have to trust, and what passes as it is."""

import base64
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fastflow.emulator.node.certificates import Key, own_authority
from tests.unit.emulator.applications import Asked, Site, Told, serve
from tests.unit.emulator.conftest import PATIENCE, Nodes
from tests.unit.emulator.proxying import baselines, finish


def flawed(asked: Asked) -> Told:
    return Told(f"<p>{asked.method} {asked.value('q')}")


def client_of(trusted: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=trusted)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default since Python 3.13
    if trusted is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application that speaks TLS, with a certificate that nobody trusts."""
    chain = tmp_path_factory.mktemp("site") / "chain.pem"
    chain.write_bytes(own_authority().issue("localhost"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with serve(flawed, context) as served:
        yield served


@contextmanager
def tunnelled(port: int, host: str, context: ssl.SSLContext) -> Iterator[http.client.HTTPSConnection]:
    client = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
    client.set_tunnel(host)
    try:
        yield client
    finally:
        client.close()


def asked(client: http.client.HTTPSConnection, method: str, target: str, body: str | None = None) -> bytes:
    client.request(method, target, body, {"Cookie": "a=b"})
    return client.getresponse().read()


def test_what_is_encrypted_is_recorded_and_attacked(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record(BUILD_ID="1")
    with tunnelled(port, site.host, client_of()) as client:
        assert asked(client, "GET", "/find?q=tea") == b"<p>GET tea"
        assert asked(client, "POST", "/add", "x=1") == b"<p>POST "
    finish(node)
    code, lines = nodes.test(BUILD_ID="1")
    assert code == 1
    assert sum("Found 1 vulnerabilities" in line for line in lines) == 1
    kept = baselines(nodes, "1")
    told = [(one["method"], one["url"], base64.b64decode(one["body"])) for one in kept]
    assert told == [("GET", f"https://{site.host}/find?q=tea", b""), ("POST", f"https://{site.host}/add", b"x=1")]
    assert all(["cookie", "a=b"] in [[name.lower(), value] for name, value in one["headers"]] for one in kept)


ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
PLAIN, PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8
KEYS: dict[str, tuple[Key, PrivateFormat]] = {
    "P-256": (ELLIPTIC, PLAIN),
    "P-256 in PKCS 8": (ELLIPTIC, PKCS8),
    "RSA": (RSA, PLAIN),
    "RSA in PKCS 8": (RSA, PKCS8),
}
"""Keys of authorities, as tools write them into files."""


def authority_files(directory: Path, key: Key, form: PrivateFormat = PKCS8) -> dict[str, str]:
    """Write an authority's files; the variables that name them."""
    certificate = own_authority(key).certificate.public_bytes(Encoding.PEM)
    files = {"CA_CERT": certificate, "CA_KEY": key.private_bytes(Encoding.PEM, form, NoEncryption())}
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return {name: str(directory / name) for name in files}


@pytest.mark.parametrize("name", KEYS)
def test_a_client_that_trusts_the_given_authority_needs_no_exception(
    name: str, nodes: Nodes, site: Site, tmp_path: Path
) -> None:
    node, port = nodes.record(**authority_files(tmp_path, *KEYS[name]))
    with tunnelled(port, site.host, client_of((tmp_path / "CA_CERT").read_text())) as client:
        assert asked(client, "GET", "/") == b"<p>GET "
    with pytest.raises(ssl.SSLCertVerificationError), tunnelled(port, site.host, ssl.create_default_context()) as other:
        asked(other, "GET", "/")
    finish(node)
    assert len(baselines(nodes)) == 1


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        ("CA_CERT", "", "CA_CERT and CA_KEY must be set together"),
        ("CA_KEY", "CA_KEY", "is not a certificate"),
        ("CA_CERT", "CA_CERT", "is not a private key in PEM"),
        ("CA_CERT", "others/CA_KEY", "is not the key of the certificate"),
        ("nothing", "CA_KEY", "No such file"),
    ],
)
def test_an_authority_that_cannot_be_used_is_named(
    certificate: str, key: str, said: str, nodes: Nodes, tmp_path: Path
) -> None:
    (tmp_path / "others").mkdir()
    authority_files(tmp_path / "others", RSA)
    authority_files(tmp_path, ELLIPTIC)
    named = {"CA_CERT": str(tmp_path / certificate), "CA_KEY": str(tmp_path / key) if key else ""}
    node = nodes.start("recording", **named)
    assert node.end() == 1
    assert node.lines[-1].startswith("[error] Can't create new instance - ")
    assert said in node.log


def test_what_is_not_recorded_keeps_its_own_certificate(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record(ALLOWED_HOSTS="elsewhere")
    with tunnelled(port, site.host, client_of()) as client:
        assert asked(client, "GET", "/") == b"<p>GET "
        assert client.sock.getpeercert(binary_form=True) == site_certificate(site)
    finish(node)
    assert baselines(nodes) == []


def site_certificate(site: Site) -> bytes:
    host, _, port = site.host.partition(":")
    with socket.create_connection((host, int(port)), PATIENCE) as bare, client_of().wrap_socket(bare) as secure:
        found = secure.getpeercert(binary_form=True)
    assert found is not None
    return found


def test_a_server_that_speaks_first_is_heard(nodes: Nodes) -> None:
    node, port = nodes.record()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            with listener.accept()[0] as client:
                client.sendall(b"220 ready\r\n")
                client.sendall(client.recv(100).upper())

        thread = threading.Thread(target=greet)
        thread.start()
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(f"CONNECT 127.0.0.1:{listener.getsockname()[1]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            said = client.makefile("rb")
            assert said.readline().startswith(b"HTTP/1.1 200")
            assert (said.readline(), said.readline()) == (b"\r\n", b"220 ready\r\n")
            client.sendall(b"quit\r\n")
            assert said.readline() == b"QUIT\r\n"
        thread.join()
    finish(node)
