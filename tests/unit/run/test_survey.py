"""Several engines looked at at once: merged runs, engines with two names, engines that do not answer."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from fastflow.errors import EngineError
from fastflow.report.live import proxy_url
from fastflow.run.container import PublishedPort
from fastflow.run.engine import EngineInfo
from fastflow.run.survey import ask_all, look, remove_live
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine


class Engine(FakeEngine):
    """An engine at an address; at none, it does not answer."""

    def __init__(self, address: str | None) -> None:
        super().__init__()
        self.address = address
        for number in range(
            50 * "ab".index((address or "a")[0])
        ):  # fakes count their containers: let no two have the same ids
            self.world.create(str(number), {}, "i", Script())

    def info(self) -> EngineInfo:
        if self.address is None:
            raise EngineError("nothing answers")
        is_local = self.address.startswith("unix:")
        remote = None if is_local else urlsplit(self.address).hostname
        return replace(super().info(), address=self.address, is_local=is_local, remote=remote)

    def add(self, run: str, role: str, **more: str) -> "Engine":
        labels = {"run": run, "role": role, "spec": "/s/fastflow.yml", **more}
        name = f"{self.address}-{run}-{role}-{len(self.containers({}))}"
        box = self.world.create(name, {f"io.fastflow.{key}": value for key, value in labels.items()}, "i", Script())
        self.world.start(box)
        return self


def node(engine: Engine, run: str, workflow: str) -> Engine:
    return engine.add(run, "node", workflow=workflow, node="record", mode="recording")


def test_a_run_on_two_engines_is_one_and_each_node_knows_its_engine() -> None:
    a, b = (node(Engine(address).add("r1", "lease"), "r1", address) for address in ("a", "b"))
    b.add("r0", "lease")
    survey = look({"x": a, "y": b})
    assert [run.id for run in survey.runs] == ["r0", "r1"]
    found = survey.runs[1]
    assert [(phase.id, phase.host, phase.engine) for phase in found.phases] == [
        ("a.record", "x", a),
        ("b.record", "y", b),
    ]
    assert len(found.leases) == 2
    assert remove_live(found) == []
    assert [len(engine.containers({"io.fastflow.run": None})) for engine in (a, b)] == [0, 1]


def test_a_run_lives_while_it_holds_a_lease_on_any_engine() -> None:
    a, b = Engine("a").add("r1", "lease"), Engine("b").add("r1", "lease")
    b.end(b.containers({})[0].id)
    (run,) = look({"x": a, "y": b}).runs
    assert run.is_alive


@pytest.mark.parametrize("second", ["a", "another address"])
def test_two_names_of_one_engine_are_one(second: str) -> None:
    first = node(Engine("a").add("r1", "lease"), "r1", "web")
    other = Engine(second)
    other.world = first.world
    survey = look({"x": first, "": other})
    (run,) = survey.runs
    assert [phase.host for phase in run.phases] == ["x"]
    assert len(run.leases) == 1
    assert [seen.host for seen in survey.answered] == ["x"]


def test_engines_with_nothing_on_them_are_told_apart_by_address() -> None:
    assert len(look({"x": Engine("a"), "y": Engine("a")}).answered) == 1
    assert len(look({"x": Engine("a"), "y": Engine("b")}).answered) == 2


def test_an_engine_that_does_not_answer_hides_no_other() -> None:
    survey = look({"x": Engine(None), "y": node(Engine("b"), "r1", "web")})
    assert [phase.id for run in survey.runs for phase in run.phases] == ["web.record"]
    assert [(seen.host, str(seen.error)) for seen in survey.silent] == [("x", "nothing answers")]
    with pytest.raises(EngineError, match="nothing answers"):
        survey.all()
    survey.require(["y"])


def test_who_does_not_answer_is_named_before_a_run() -> None:
    engines: Mapping[str, Engine] = {"x": Engine("a"), "y": Engine(None)}
    with pytest.raises(EngineError, match=r"^host y: nothing answers$"):
        ask_all(engines)
    with pytest.raises(EngineError, match=r"^nothing answers$"):
        ask_all({"": engines["y"]})
    assert list(ask_all({"x": engines["x"]})) == ["x"]


@pytest.mark.parametrize(
    ("address", "published", "url"),
    [
        ("tcp://build-1.example:2376", "0.0.0.0", "http://build-1.example:3128"),
        ("ssh://ci@[fd00::7]", "::", "http://[fd00::7]:3128"),
        ("tcp://build-1.example:2376", "10.0.0.7", "http://10.0.0.7:3128"),
        ("unix:///run/docker.sock", "0.0.0.0", "http://127.0.0.1:3128"),
    ],
)
def test_a_proxy_is_reached_on_its_engines_host(address: str, published: str, url: str) -> None:
    engine = node(Engine("a"), "r1", "web")
    engine.address = address
    (phase,) = look({"x": engine}).runs[0].phases
    port = PublishedPort(8080, "tcp", published, 3128)
    assert proxy_url(replace(phase, container=replace(phase.container, ports=(port,)))) == url
    assert proxy_url(phase) is None
