"""What every engine does, the one in memory and the real one alike; `-m "not e2e"` needs no engine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fastflow.compose import ComposeProject, ComposeText
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EngineCallError, EngineTimeoutError, SubnetInUseError
from fastflow.run.container import ContainerEvent, Probe
from tests.e2e.bench import PATIENCE, Bench, Seen
from tests.e2e.conftest import IMAGE, PROJECT, TEST, engine_environment, sweep
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine

ENDS = Script(lines=("first", "second"), exit_code=3)
RUNS = Script(lines=("up",))
PODMANS_OWN = ("init", "cleanup")


@pytest.fixture(params=["fake", *(pytest.param(way, marks=pytest.mark.e2e) for way in ("socket", "command line"))])
def bench(request: pytest.FixtureRequest, tmp_path: Path, project_name: str) -> Iterator[Bench]:
    if request.param == "fake":
        yield Bench(FakeEngine(images=[IMAGE]), project_name, tmp_path)
        return
    engine = DockerEngine(engine_environment(), by_socket=request.param == "socket")
    request.getfixturevalue("busybox_image")
    yield Bench(engine, project_name, tmp_path)
    sweep(engine, project_name)


def test_info_tells_the_versions_and_that_the_engine_is_local(bench: Bench) -> None:
    info = bench.engine.info()
    assert info.engine_version[0].isdigit()
    assert int(info.compose_version.split(".")[0]) >= 2
    assert info.is_local


def test_an_engine_has_one_name_for_whoever_asks(bench: Bench) -> None:
    assert bench.engine.identity() == bench.engine.identity() != ""


def test_up_starts_services_and_never_recreates_one(bench: Bench) -> None:
    first = bench.up({"web": RUNS, "db": RUNS})
    assert {name: found.status for name, found in first.items()} == {"web": "running", "db": "running"}
    again = bench.up({"web": RUNS, "db": RUNS}, web={"environment": {"CHANGED": "1"}})
    assert {name: found.id for name, found in again.items()} == {name: found.id for name, found in first.items()}
    assert first["web"].labels[TEST] == bench.name
    assert first["web"].image == IMAGE


@pytest.mark.parametrize(("with_dependencies", "started"), [(True, {"web", "db"}), (False, {"web"})])
def test_up_starts_dependencies_only_when_asked_to(bench: Bench, with_dependencies: bool, started: set[str]) -> None:
    project = bench.project({"web": RUNS, "db": RUNS, "other": RUNS}, web={"depends_on": ["db"]})
    bench.engine.compose.up(project, ["web"], with_dependencies=with_dependencies, timeout=PATIENCE)
    assert set(bench.containers()) == started


def test_an_unknown_service_is_an_error_with_its_name(bench: Bench) -> None:
    with pytest.raises(EngineCallError, match="no such service: nope"):
        bench.engine.compose.up(bench.project({"web": RUNS}), ["nope"], with_dependencies=False, timeout=PATIENCE)


def test_a_created_container_waits_for_its_start(bench: Bench) -> None:
    project = bench.project({"web": RUNS})
    bench.engine.compose.create(project, ["web"], PATIENCE)
    created = bench.containers()["web"]
    assert created.status == "created"
    assert created.started_at is None
    bench.engine.api.start(created.id)
    assert bench.one(created.id).status == "running"
    assert bench.one(created.id).started_at is not None


def test_a_container_that_ends_is_an_event_with_its_exit_code(bench: Bench) -> None:
    seen = Seen[ContainerEvent]()
    stream = bench.engine.api.events(seen)
    web = bench.up({"web": ENDS})["web"]
    died = seen.until(lambda event: event.id == web.id and event.action == "die")
    assert died.exit_code == 3
    assert died.labels[TEST] == bench.name
    told = [event.action for event in seen.all if event.id == web.id]
    assert [action for action in told if action not in PODMANS_OWN] == ["create", "start", "die"]
    ended = bench.one(web.id)
    assert (ended.status, ended.exit_code) == ("exited", 3)
    assert ended.finished_at is not None
    bench.engine.api.remove_containers([web.id])
    seen.until(lambda event: event.id == web.id and event.action == "destroy")
    stream.close()
    assert stream.join(PATIENCE)


def test_a_restart_is_counted_and_the_log_until_then_can_be_read(bench: Bench) -> None:
    seen = Seen[ContainerEvent]()
    stream = bench.engine.api.events(seen)
    script = Script(lines=("up",), last_lines=("broken",), stop_code=7)
    web = bench.up({"web": script}, web={"restart": "on-failure"})["web"]
    bench.lines(web.id, "up")
    if isinstance(bench.engine, FakeEngine):
        bench.engine.say(web.id, "broken")
        bench.engine.restart(web.id, 7)
    else:
        bench.engine.api.exec(
            web.id, ["sh", "-c", "kill -TERM 1"], PATIENCE
        )  # after `docker kill` it would not restart
    died = seen.until(lambda event: event.id == web.id and event.action == "die")
    starts = [event for event in seen.all if event.id == web.id and event.action == "start"]
    seen.until(lambda event: event.id == web.id and event.action == "start" and event is not starts[0])
    stream.close()
    again = bench.one(web.id)
    assert (died.exit_code, web.restart_count, again.restart_count, again.status) == (7, 0, 1, "running")
    assert died.time is not None
    assert web.started_at is not None
    assert again.started_at is not None
    times = [datetime.fromisoformat(time) for time in (web.started_at, died.time, again.started_at)]
    assert times == sorted(set(times))
    lines: list[str] = []
    bench.engine.api.read_logs(web.id, lines.append, died.time)
    assert lines == ["up", "broken"]
    bench.lines(web.id, "up")


def test_a_healthcheck_that_fails_is_told_with_its_output(bench: Bench) -> None:
    seen = Seen[ContainerEvent]()
    stream = bench.engine.api.events(seen)
    check = {"test": ["CMD-SHELL", "echo no database; exit 1"], "interval": "200ms", "retries": 1}
    web = bench.up({"web": RUNS}, web={"healthcheck": check})["web"]
    if isinstance(bench.engine, FakeEngine):
        bench.engine.set_health(web.id, "unhealthy", Probe(1, "no database\n"))
    seen.until(lambda event: event.id == web.id and event.action == "health_status: unhealthy")
    stream.close()
    ill = bench.one(web.id)
    assert (ill.health, ill.probe) == ("unhealthy", Probe(1, "no database\n"))


def test_a_log_is_given_from_its_first_line_and_ends_with_the_container(bench: Bench) -> None:
    web = bench.up({"web": ENDS})["web"]
    for _ in range(2):
        seen = Seen[str]()
        stream = bench.engine.api.follow_logs(web.id, seen)
        assert stream.join(PATIENCE)
        assert seen.all == ["first", "second"]


def test_a_closed_stream_is_silent(bench: Bench) -> None:
    web = bench.up({"web": Script(lines=("up",), last_lines=("bye",))})["web"]
    seen = Seen[str]()
    stream = bench.engine.api.follow_logs(web.id, seen)
    seen.until(lambda line: line == "up")
    assert not stream.join(0.01)
    stream.close()
    bench.engine.api.stop(web.id, 5)
    assert stream.join(PATIENCE)
    assert seen.all == ["up"]


def test_the_log_of_no_container_is_empty(bench: Bench) -> None:
    seen = Seen[str]()
    assert bench.engine.api.follow_logs("0" * 64, seen).join(PATIENCE)
    assert seen.all == []


def test_a_stop_lets_a_container_end_by_itself(bench: Bench) -> None:
    web = bench.up({"web": Script(lines=("up",), last_lines=("saved",), stop_code=5)})["web"]
    bench.lines(web.id, "up")
    seen = Seen[str]()
    stream = bench.engine.api.follow_logs(web.id, seen)
    bench.engine.api.stop(web.id, 10)
    assert stream.join(PATIENCE)
    assert seen.all == ["up", "saved"]
    assert bench.one(web.id).exit_code == 5


def test_a_stop_kills_what_does_not_heed_it(bench: Bench) -> None:
    web = bench.up({"web": Script(lines=("up",), heeds_stop=False)})["web"]
    bench.lines(web.id, "up")
    bench.engine.api.stop(web.id, 0.2)
    assert (bench.one(web.id).status, bench.one(web.id).exit_code) == ("exited", 137)


def test_what_has_ended_or_is_gone_can_be_stopped_and_removed_again(bench: Bench) -> None:
    containers = bench.up({"web": ENDS, "db": RUNS})
    ids = [containers["web"].id, "0" * 64, containers["db"].id]
    bench.engine.api.stop(containers["web"].id, 1)
    bench.engine.api.stop("0" * 64, 1)
    for _ in range(2):
        bench.engine.api.remove_containers(ids)
        assert bench.engine.api.inspect(ids) == ()
    bench.engine.api.remove_containers([])


def test_a_renamed_container_frees_its_name(bench: Bench) -> None:
    first = bench.up({"web": ENDS}, web={"container_name": f"{bench.name}-name"})["web"]
    bench.engine.api.rename(first.id, f"{bench.name}-old")
    second = bench.up({"web": ENDS, "db": ENDS}, db={"container_name": f"{bench.name}-name"})["db"]
    assert [found.name for found in bench.engine.api.inspect([first.id, second.id])] == [
        f"{bench.name}-old",
        f"{bench.name}-name",
    ]


def test_inspect_gives_those_that_exist(bench: Bench) -> None:
    containers = bench.up({"web": RUNS, "db": RUNS})
    ids = [containers["web"].id, "0" * 64, containers["db"].id]
    assert [found.service for found in bench.engine.api.inspect(ids)] == ["web", "db"]
    assert bench.engine.api.inspect([]) == ()


def test_a_one_off_container_has_its_name_and_labels(bench: Bench) -> None:
    project = bench.project({"job": replace(ENDS, exit_code=4)})
    container_id = bench.engine.compose.run_detached(
        project,
        "job",
        name=f"{bench.name}-job",
        command=["sh", "-c", "exit 4"],
        environment={"VALUE": "a $b"},
        labels={"io.fastflow.role": "source"},
        timeout=PATIENCE,
    )
    assert bench.engine.api.follow_logs(container_id, lambda line: None).join(PATIENCE)
    job = bench.one(container_id)
    assert (job.name, job.service, job.exit_code) == (f"{bench.name}-job", "job", 4)
    assert job.labels["io.fastflow.role"] == "source"
    assert job.labels["com.docker.compose.oneoff"] == "True"


def test_containers_are_found_by_all_their_labels(bench: Bench) -> None:
    bench.up({"web": RUNS, "db": ENDS}, web={"labels": {TEST: bench.name, "tier": "front"}})
    find = bench.engine.api.containers
    assert {found.service for found in find({TEST: bench.name})} == {"web", "db"}
    assert {found.service for found in find({TEST: bench.name, "tier": None})} == {"web"}
    assert {found.service for found in find({TEST: bench.name, "tier": "front"})} == {"web"}
    assert find({TEST: bench.name, "tier": "back"}) == ()


def test_files_are_copied_out_of_a_container(bench: Bench, tmp_path: Path) -> None:
    files = {"/opt/reports": {"a.txt": b"A", "b.txt": b"B"}}
    web = bench.up({"web": Script(lines=("up",), files=files)})["web"]
    bench.lines(web.id, "up")
    bench.engine.api.stop(web.id, 5)
    assert bench.engine.api.copy_from(web.id, "/opt/reports", tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == files["/opt/reports"]
    assert not bench.engine.api.copy_from(web.id, "/opt/nothing", tmp_path / "none")
    assert not bench.engine.api.copy_from("0" * 64, "/opt/reports", tmp_path / "none")


def test_a_file_comes_into_a_container_that_has_not_started_and_a_directory_stays_as_it_is(
    bench: Bench, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"\x00record\n" * 9_000)
    bench.engine.compose.create(bench.project({"web": RUNS}), ["web"], PATIENCE)
    web, api = bench.containers()["web"], bench.engine.api
    assert web.status == "created"
    api.copy_to(web.id, "/opt/one/two/record.har", source)
    api.copy_to(web.id, "/opt/reports/old.txt", source)
    for _ in range(2):
        api.make_directory(web.id, "/opt/reports")
        api.make_directory(web.id, "/opt/new")
    assert api.copy_from(web.id, "/opt/one/two", tmp_path / "out")
    assert (tmp_path / "out" / "record.har").read_bytes() == source.read_bytes()
    assert api.copy_from(web.id, "/opt/reports", tmp_path / "reports")
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["old.txt"]
    assert api.copy_from(web.id, "/opt/new", tmp_path / "new")
    with pytest.raises(EngineCallError):
        api.copy_to("0" * 64, "/opt/record.har", source)


def test_copied_files_keep_the_time_at_which_they_were_written(bench: Bench, tmp_path: Path) -> None:
    script = Script(lines=("up",), files={"/opt/reports": {"old.txt": b"A", "new.txt": b"B"}}, written={"old.txt": 1.0})
    web = bench.up({"web": script})["web"]
    bench.lines(web.id, "up")
    assert bench.engine.api.copy_from(web.id, "/opt/reports", tmp_path)
    assert (tmp_path / "old.txt").stat().st_mtime == 1
    assert web.started_at is not None
    began = datetime.fromisoformat(web.started_at).timestamp()
    assert (tmp_path / "new.txt").stat().st_mtime >= int(began)


def test_a_command_gives_its_exit_code_in_a_running_container_only(bench: Bench) -> None:
    web = bench.up({"web": Script(lines=("up",), exec_code=6)})["web"]
    bench.lines(web.id, "up")
    assert bench.engine.api.exec(web.id, ["sh", "-c", "exit 6"], PATIENCE) == 6
    bench.engine.api.stop(web.id, 5)
    with pytest.raises(EngineCallError, match=r"not running|only create exec sessions on running"):
        bench.engine.api.exec(web.id, ["true"], PATIENCE)


def test_networks_and_volumes_are_found_and_removed_by_label(bench: Bench) -> None:
    volumes = {"data": {"labels": {TEST: bench.name}}}
    web = bench.up({"web": RUNS}, web={"volumes": ["data:/data"]}, volumes=volumes)["web"]
    labels: dict[str, str | None] = {PROJECT: bench.name}
    assert bench.engine.api.volumes({TEST: bench.name}) == (f"{bench.name}_data",)
    networks = bench.engine.api.networks(labels)
    assert len(networks) == 1
    bench.engine.api.remove_containers([web.id])
    for _ in range(2):
        bench.engine.api.remove_networks(networks)
        bench.engine.api.remove_volumes([f"{bench.name}_data"])
    assert bench.engine.api.networks(labels) == bench.engine.api.volumes(labels) == ()


def test_a_network_is_made_by_its_name_and_tells_who_is_on_it(bench: Bench) -> None:
    api, name = bench.engine.api, f"{bench.name}-shared"
    assert api.network_ids(name) == ()
    subnet = f"198.18.{int(bench.name[-2:], 16)}.0/27"
    settings = {
        "driver": "bridge",
        "ipam": {"config": [{"subnet": subnet}]},
        "labels": {"of": "user"},
        "internal": True,
    }
    try:
        api.create_network(name, settings, {TEST: bench.name})
        (network,) = api.network_ids(name)
        assert bench.engine.api.networks({TEST: bench.name, "of": "user"}) == (network,)
        assert subnet in bench.engine.api.subnets()
        assert api.network_users(network) == ()
        project = bench.project({"web": RUNS}, networks={"default": {"external": True, "name": name}})
        bench.engine.compose.create(project, ["web"], PATIENCE)
        web = bench.containers()["web"]
        assert api.network_users(network) == (web.id,)
        bench.engine.api.start(web.id)
        assert api.network_users(network) == (web.id,)
        bench.engine.api.remove_containers([web.id])
    finally:
        bench.engine.api.remove_networks(api.network_ids(name))
    assert (api.network_ids(name), api.network_users(network)) == ((), ())


def test_the_subnets_of_all_networks_are_told_and_taken_once(bench: Bench) -> None:
    def networks(**subnets: str) -> dict[str, Any]:
        found = {key: {"ipam": {"config": [{"subnet": subnet}]}} for key, subnet in subnets.items()}
        return {**found, "default": {"labels": {TEST: bench.name}}}

    # The engines of this suite are one daemon's, and may be tested at the same time.
    net = f"198.19.{int(bench.name[-2:], 16)}"
    assert f"{net}.0/27" not in bench.engine.api.subnets()
    bench.up({"web": RUNS}, web={"networks": ["default", "own"]}, networks=networks(own=f"{net}.0/27"))
    assert f"{net}.0/27" in bench.engine.api.subnets()
    assert len(bench.engine.api.networks({PROJECT: bench.name, "com.docker.compose.network": "own"})) == 1
    with pytest.raises(SubnetInUseError):
        bench.up({"db": RUNS}, db={"networks": ["other"]}, networks=networks(other=f"{net}.0/26"))


def test_config_is_the_merged_project(bench: Bench) -> None:
    project = bench.project({"web": RUNS, "db": RUNS}, web={"depends_on": ["db"], "environment": {"V": "$$x"}})
    over = "services: {db: !reset null, web: {depends_on: !reset [], image: 'other:1'}}"
    project = replace(project, sources=(*project.sources, ComposeText(over)))
    told = json.loads(bench.engine.compose.config(project))
    assert told["name"] == bench.name
    assert list(told["services"]) == ["web"]
    assert told["services"]["web"]["image"] == "other:1"
    assert "depends_on" not in told["services"]["web"]


def test_a_built_image_is_found_and_removed_by_label(bench: Bench) -> None:
    (bench.directory / "Dockerfile").write_text(f"FROM {IMAGE}\n")
    # By a label of our own: Compose gives images that of the project only if BuildKit builds them.
    project = bench.project({"web": RUNS}, web={"build": {"context": ".", "labels": {TEST: bench.name}}})
    assert bench.engine.api.missing_images([f"{bench.name}-web"]) == (f"{bench.name}-web",)
    bench.engine.compose.build(project, ["web"], PATIENCE)
    assert bench.engine.api.missing_images([f"{bench.name}-web"]) == ()
    images = bench.engine.api.images({TEST: bench.name})
    assert [image.split(":")[0] for image in images] == [f"{bench.name}-web"]
    for _ in range(2):
        bench.engine.api.remove_images(images)
    assert bench.engine.api.images({TEST: bench.name}) == ()


def test_missing_images_are_told_once_and_in_order(bench: Bench) -> None:
    assert bench.engine.api.missing_images(["b:0", IMAGE, "a:0", "b:0"]) == ("b:0", "a:0")
    assert bench.engine.api.missing_images([]) == ()


def test_images_are_identified_by_the_names_that_were_given(bench: Bench) -> None:
    found = bench.engine.api.identify_images(["a:0", IMAGE, IMAGE])
    assert list(found) == [IMAGE]
    assert len(found[IMAGE].id.removeprefix("sha256:")) == 64


def test_only_one_holds_a_name(bench: Bench) -> None:
    labels = {TEST: bench.name, "io.fastflow.role": "lease"}
    lease = bench.engine.api.hold(f"{bench.name}-lease", IMAGE, labels)
    assert lease is not None
    lease.start()
    assert bench.engine.api.hold(f"{bench.name}-lease", IMAGE, labels) is None
    held = bench.one(lease.container_id)
    assert (held.name, held.status) == (f"{bench.name}-lease", "running")
    assert held.labels["io.fastflow.role"] == "lease"
    lease.release()
    lease.release()
    assert bench.engine.api.inspect([lease.container_id]) == ()
    again = bench.engine.api.hold(f"{bench.name}-lease", IMAGE, labels)
    assert again is not None
    again.release()


def test_a_lease_that_cannot_be_made_is_an_error(bench: Bench) -> None:
    with pytest.raises(EngineCallError, match=r"(?i)no such image") as caught:
        bench.engine.api.hold(f"{bench.name}-lease", "fastflow-nothing:0", {TEST: bench.name})
    assert caught.value.hint


@pytest.fixture
def endless(bench: Bench) -> ComposeProject:
    """A project whose build does not end, and that of no other test: an engine may go on with one, and keep it."""
    (bench.directory / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN : {bench.name}; sleep 30\n")
    bench.hang(f"build {bench.name} web")
    return bench.project({"web": RUNS}, web={"build": "."})


def test_a_build_can_be_interrupted_and_later_calls_work(bench: Bench, endless: ComposeProject) -> None:
    # Until it takes: whether the build is under way yet cannot be seen from outside.
    done = threading.Event()

    def interrupt() -> None:
        while not done.wait(0.3):
            bench.engine.compose.interrupt()

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    try:
        with pytest.raises(EngineCallError, match="interrupted"):
            bench.engine.compose.build(endless, ["web"], PATIENCE)
    finally:
        done.set()
        interrupter.join()
    assert bench.engine.compose.settle()
    assert not bench.engine.compose.settle()
    assert bench.up({"db": RUNS})["db"].status == "running"


def test_a_call_that_takes_too_long_is_ended(bench: Bench, endless: ComposeProject) -> None:
    with pytest.raises(EngineTimeoutError, match=r"did not end within 0\.5 s"):
        bench.engine.compose.build(endless, ["web"], 0.5)
