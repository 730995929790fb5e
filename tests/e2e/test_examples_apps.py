"""The examples' applications by themselves, on a real engine: they work, the holes are real, the decoys are safe."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

EXAMPLES = Path(__file__).parents[2] / "examples"
BUILD_TIMEOUT = 180  # seconds
SCRIPT = "<script>alert(1)</script>"
PASSWD = "../../../../../../etc/passwd"
PUBLISHED = "services: { app: { ports: !override ['127.0.0.1::3000'] } }"
WITHOUT_FAST = """
services:
  app: { container_name: !reset null, ports: !reset [] }
  selenium: { ports: !reset [], environment: !override [] }
"""


def docker(*arguments: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
    done = subprocess.run(
        ["docker", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_TIMEOUT,
        env=environment,
    )
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done


@dataclass(frozen=True)
class Project:
    """A scratch Compose project of one example, with an overlay that makes it fit to be tried by itself."""

    name: str
    compose_file: Path
    overlay: Path

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        files = ("-f", str(self.compose_file), "-f", str(self.overlay))
        return docker("compose", "-p", self.name, *files, *arguments, check=check)

    def run_tests(self, service: str) -> str:
        """Run the application's own tests without a proxy; their output, which must say that they passed."""
        done = self.compose("run", "--rm", "-T", "--no-deps", "--build", "-e", "http_proxy=", service, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def remove(self) -> None:
        """Remove what carries the project's label, by id."""
        label = f"label=com.docker.compose.project={self.name}"
        kinds = (("container", "rm", "-f", "-v"), ("network", "rm"), ("volume", "rm"), ("image", "rm", "-f"))
        for kind, *remove in kinds:
            flags = ("-a", "-q") if kind == "container" else ("-q",)
            found = docker(kind, "ls", *flags, "--filter", label).stdout.split()
            if found:
                docker(kind, *remove, *dict.fromkeys(found))


@dataclass(frozen=True)
class Page:
    status: int
    content_type: str
    url: str
    text: str


@dataclass(frozen=True)
class Site:
    """An application as one sees it from the machine itself."""

    project: Project
    root: str

    def get(self, path: str, **query: str) -> Page:
        return self._open(urllib.request.Request(f"{self.root}{path}?{urllib.parse.urlencode(query)}"))

    def post(self, path: str, **form: str) -> Page:
        return self._open(urllib.request.Request(self.root + path, urllib.parse.urlencode(form).encode()))

    def post_json(self, path: str, value: object) -> Page:
        headers = {"Content-Type": "application/json"}
        return self._open(urllib.request.Request(self.root + path, json.dumps(value).encode(), headers))

    def _open(self, request: urllib.request.Request) -> Page:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
        try:
            response = opener.open(request, timeout=20)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            text = response.read().decode()
            return Page(response.status, response.headers.get_content_type(), response.url, text)


def project(directory: str, overlay: str, scratch: Path) -> Project:
    path = scratch / "overlay.yml"
    path.write_text(overlay)
    return Project(f"ffexample{uuid.uuid4().hex[:8]}", EXAMPLES / directory / "docker-compose.yml", path)


def site(directory: str, scratch: Path) -> Iterator[Site]:
    made = project(directory, PUBLISHED, scratch)
    try:
        made.compose("up", "-d", "--build", "--wait", "--wait-timeout", "60", "app")
        yield Site(made, "http://" + made.compose("port", "app", "3000").stdout.strip())
    finally:
        made.remove()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from site("shop", tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from site("vulnerable", tmp_path_factory.mktemp("flawed"))


def test_the_shop_passes_its_own_tests(shop: Site) -> None:
    assert "OK" in shop.project.run_tests("tests")


def test_the_shop_stops_at_once_when_asked_to(tmp_path: Path) -> None:
    made = project("shop", PUBLISHED, tmp_path)
    try:
        made.compose("up", "-d", "--build", "--wait", "app")
        made.compose("stop", "app")
        state = made.compose("ps", "-a", "--format", "{{.ExitCode}}").stdout.split()
    finally:
        made.remove()
    assert state == ["0"]  # 137 would mean that SIGTERM was ignored


def test_the_shop_escapes_what_it_reflects_and_stores(shop: Site) -> None:
    assert SCRIPT not in shop.get("/search", q=SCRIPT, category=SCRIPT).text
    order = {
        "customer": {"name": SCRIPT, "address": {"city": SCRIPT}},
        "items": [{"sku": "lamp-0", "quantity": 1}],
        "note": SCRIPT,
    }
    placed = shop.post_json("/api/orders", order)
    assert placed.content_type == "application/json"
    assert SCRIPT not in shop.get(f"/orders/{json.loads(placed.text)['id']}").text


@pytest.mark.parametrize("attack", ["'", '"', "' OR '1'='1", "1;--", "\\", "%' --", "\0", "\ud7ff"])
def test_the_shop_shows_no_database_error(shop: Site, attack: str) -> None:
    order = {
        "customer": {"name": attack, "address": {"city": attack}},
        "items": [{"sku": attack, "quantity": attack}],
        "note": attack,
    }
    pages = [
        shop.get("/search", q=attack, category=attack),
        shop.get("/api/products", category=attack, most=attack),
        shop.post("/login", email=attack, password=attack),
        shop.post("/cart", product=attack, quantity=attack),
        shop.post_json("/api/orders", order),
    ]
    assert [page.status for page in pages] == [200, 400, 403, 200, 422]
    assert not [page for page in pages if re.search("sqlite|syntax|Traceback", page.text)]


def test_the_flawed_shop_passes_its_own_tests(flawed: Site) -> None:
    assert "OK" in flawed.project.run_tests("tests")


def test_hole_search_reflects_markup(flawed: Site) -> None:
    page = flawed.get("/search", q=SCRIPT)
    assert (page.status, page.content_type) == (200, "text/html")
    assert SCRIPT in page.text


def test_hole_coupon_shows_the_databases_error(flawed: Site) -> None:
    page = flawed.post("/coupon", code="'")
    assert page.status == 500
    assert "sqlite3.OperationalError" in page.text
    assert "10 percent off" in flawed.post("/coupon", code="' OR '1'='1").text


def test_hole_manuals_lead_out_of_their_directory(flawed: Site) -> None:
    assert "root:x:0:0:" in flawed.get("/manuals", file=PASSWD).text
    assert flawed.get("/manuals", file="none.txt").status == 404


def test_each_hole_is_of_one_kind(flawed: Site) -> None:
    assert "sqlite3" not in flawed.get("/search", q="'").text
    assert "<script" not in flawed.post("/coupon", code=f"'{SCRIPT}").text
    assert flawed.get("/manuals", file=SCRIPT).content_type == "text/plain"
    assert SCRIPT not in flawed.get("/manuals", file=SCRIPT).text


@pytest.mark.parametrize(
    ("path", "parameter"),
    [("/greeting", "name"), ("/help/errors", "topic"), ("/help/accounts", "field"), ("/notes", "text")],
)
def test_decoy_pages_escape_what_they_reflect(flawed: Site, path: str, parameter: str) -> None:
    page = flawed.get(path, **{parameter: SCRIPT + "\"'"})
    assert page.content_type == "text/html"
    assert SCRIPT not in page.text


@pytest.mark.parametrize(("path", "kind"), [("/api/echo", "application/json"), ("/echo.txt", "text/plain")])
def test_decoys_that_echo_raw_are_no_pages(flawed: Site, path: str, kind: str) -> None:
    page = flawed.get(path, text=SCRIPT)
    assert SCRIPT in page.text
    assert page.content_type == kind


@pytest.mark.parametrize(
    ("path", "parameter", "sign"),
    [("/help/errors", "topic", "OperationalError"), ("/help/accounts", "field", "root:x:0:0:")],
)
def test_decoys_show_signs_of_a_hole_whatever_they_are_asked(
    flawed: Site, path: str, parameter: str, sign: str
) -> None:
    assert {flawed.get(path, **{parameter: text}).text.count(sign) for text in ("plain", "'", PASSWD)} == {1}


def test_decoy_leaflets_stay_in_their_directory(flawed: Site) -> None:
    assert flawed.get("/leaflets", file="chair.txt").status == 200
    assert [flawed.get("/leaflets", file=name).status for name in (PASSWD, "/etc/passwd", ".")] == [404] * 3


def test_decoy_notes_send_a_stranger_to_the_login(flawed: Site) -> None:
    assert flawed.get("/notes", text=SCRIPT).url.endswith("/login")


def test_the_existing_compose_file_is_accepted_as_it_is() -> None:
    docker("compose", "-f", str(EXAMPLES / "existing-compose" / "docker-compose.yml"), "config", "-q")


def test_the_existing_applications_tests_drive_its_browser(tmp_path: Path) -> None:
    made = project("existing-compose", WITHOUT_FAST, tmp_path)
    try:
        made.compose("up", "-d", "--build", "--no-deps", "app", "selenium")
        assert "OK" in made.run_tests("test")
    finally:
        made.remove()
