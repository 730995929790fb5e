"""What a run removes and what it cannot remove; what it refuses to start with."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastflow.compose import ComposeProject
from fastflow.errors import EngineCallError, EngineError, FastflowError, UsageError
from tests.unit.run.stage import FINDS, PASSES, SENDS, SPEC, TOKEN, Stage, said, settings_of, then
from tests.waiting import until


def test_everything_is_removed_whatever_happens(tmp_path: Path) -> None:
    text = SPEC.replace("app: { image: app:1 }", "app: { build: ., volumes: ['data:/data'] }")
    text = text.replace("tests:1 } }", "tests:1 } }, volumes: { data: {} }")
    stage = Stage(tmp_path, text, {"tests": replace(SENDS, exit_code=1)})
    kept: list[int] = []
    look = then(lambda: kept.extend((len(stage.engine.kept["networks"]), len(stage.engine.kept["volumes"]))))
    stage.engine.scripts["tests"] = replace(stage.engine.scripts["tests"], on_start=look)
    result = stage.run()
    assert (result.exit_code, result.leftovers, kept) == (3, (), [1, 1])
    assert stage.engine.kept == {"networks": {}, "volumes": {}}
    assert not stage.engine.world.boxes
    assert not stage.engine.built
    assert not stage.engine.world.listeners


def test_the_layers_that_podman_shows_of_a_removed_image_go_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, SPEC.replace("app: { image: app:1 }", "app: { build: . }"))
    engine, remove = stage.engine, stage.engine.remove_images

    def show_layers(references: Iterable[str]) -> None:
        for name in (names := list(references)):
            if name.count("sha256:") < 3:
                engine.built[f"sha256:{name}"] = dict(engine.built[name])
        remove(names)

    monkeypatch.setattr(engine, "remove_images", show_layers)
    assert stage.run().exit_code == 0
    assert not engine.built


def test_keep_leaves_containers_but_no_running_node_and_no_lease(tmp_path: Path) -> None:
    stage = Stage(tmp_path, settings=settings_of(keep=True))
    assert stage.run().exit_code == 0
    left = {box.container.service: box.container.status for box in stage.engine.world.boxes.values()}
    assert left == {"app": "running", "fast-record": "exited", "tests": "exited", "fast-test": "exited"}


def test_a_kept_node_leaves_its_name_to_the_next_that_carries_it(tmp_path: Path) -> None:
    text = SPEC.replace("mode: recording,", "mode: recording, container_name: fast-node,")
    text = text.replace("mode: testing }", "mode: testing, container_name: fast-node }")
    stage = Stage(tmp_path, text, settings=settings_of(keep=True))
    assert stage.run().exit_code == 0
    names = {box.container.service: box.container.name for box in stage.engine.world.boxes.values()}
    assert names["fast-record"] == "fastflow-r1-web-fast-record-1"
    assert stage.engine.calls.count("rename fast-node fastflow-r1-web-fast-record-1") == 1


def test_a_kept_node_whose_name_nobody_else_wants_keeps_it(tmp_path: Path) -> None:
    text = SPEC.replace("mode: recording,", "mode: recording, container_name: fast-node,")
    stage = Stage(tmp_path, text, settings=settings_of(keep=True))
    assert stage.run().exit_code == 0
    assert "fast-node" in {box.container.name for box in stage.engine.world.boxes.values()}


def test_what_cannot_be_removed_is_named_with_the_command(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.engine.faults["remove fastflow-r1-web-app-1"] = EngineCallError("device busy")
    result = stage.run()
    (box,) = stage.engine.world.boxes.values()
    assert result.leftovers == (f"docker rm -f -v {box.container.id[:12]}",)
    assert result.exit_code == 3
    assert stage.result_json()["leftovers"] == list(result.leftovers)


def test_what_could_be_removed_after_all_is_no_leftover(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    tries: list[int] = []
    real = stage.engine.networks

    def networks(labels: dict[str, str | None]) -> tuple[str, ...]:
        tries.append(1)
        if len(tries) <= 4:  # the removal at the workflow's end tries three times
            raise EngineError("busy")
        return real(labels)

    stage.engine.networks = networks  # type: ignore[method-assign, assignment]
    result = stage.run()
    assert (result.leftovers, result.exit_code) == ((), 0)


def test_an_engine_that_says_nothing_any_more_is_named_with_a_command_for_all(tmp_path: Path) -> None:
    stage = Stage(tmp_path)

    def deaf(*_: object) -> None:
        raise EngineError("cannot connect")

    stage.engine.scripts["tests"] = replace(SENDS, on_start=lambda _: stage.engine.__dict__.update(containers=deaf))
    leftovers = stage.run().leftovers
    assert "docker rm -f -v $(docker ps -aq --filter label=io.fastflow.run=r1)" in leftovers


def test_services_go_when_the_last_phase_of_their_workflow_has_ended(tmp_path: Path) -> None:
    text = """
workflows:
  a:
    compose: { services: { app: { image: app:1 } } }
    nodes:
      t: { mode: testing, build_id: a1, test_record_id: r1 }
      u: { mode: testing, build_id: a2, test_record_id: r1, depends_on: [t] }
  b: { nodes: { slow: { mode: testing, build_id: b1, test_record_id: r1 } } }
"""
    stage = Stage(tmp_path, text, {"fast-t": PASSES, "fast-u": PASSES, "fast-slow": said("fast-test", "slow")})
    with stage.running() as work:
        stage.until("b.slow", "running")
        stage.until("a.u", "passed")
        until(lambda: "remove fastflow-r1-a-app-1" in stage.engine.calls)
        stage.engine.end(stage.container("fast-slow"), 1)
        work.join()
    assert len([call for call in stage.calls("up") if call.endswith("app")]) == 1


FIXED = """
  {name}:
    compose:
      services: {{ app: {{ image: app:1 }} }}
      networks: {{ default: {{ ipam: {{ config: [{{ subnet: 10.9.0.0/24 }}] }} }} }}
    nodes:
      t: {{ mode: testing, build_id: {name}1, test_record_id: r1 }}
      r: {{ mode: testing, build_id: {name}2, test_record_id: r1, depends_on: [{after}] }}
"""


@pytest.mark.parametrize("state", ["passed", "skipped"])
def test_a_workflow_is_gone_before_one_that_follows_it_makes_its_networks(state: str, tmp_path: Path) -> None:
    text = "workflows:" + FIXED.format(name="one", after="t") + FIXED.format(name="two", after="one.*, t")
    text = text.replace("two1, test_record_id: r1 }", "two1, test_record_id: r1, depends_on: [one.r] }")
    scripts = {"fast-t": PASSES, "fast-r": PASSES}
    stage = Stage(tmp_path, text, scripts)
    if state == "skipped":  # so that the last phase of the first and the first of the second are decided at once
        stage.text = text.replace(
            "test_record_id: r1, depends_on", "test_record_id: r1, allow_failure: true, depends_on"
        ).replace("depends_on: [t]", "depends_on: { t: { condition: passed } }")
        stage.engine.scripts["fast-t"] = FINDS
    has_followed, were_removed = threading.Event(), list[bool]()
    up, remove = stage.engine.up, stage.engine.remove_networks

    def follow(project: ComposeProject, *words: Any, **more: Any) -> None:
        if project.name.endswith("two"):
            has_followed.set()
        up(project, *words, **more)

    def hesitate(ids: Iterable[str]) -> None:
        found = list(ids)
        if found and not were_removed:
            were_removed.append(not has_followed.wait(0.5))
        remove(found)

    stage.engine.up, stage.engine.remove_networks = follow, hesitate  # type: ignore[method-assign]
    phases = {phase.id: phase for phase in stage.run().phases}
    assert were_removed == [True]
    assert phases["one.r"].state == state
    assert phases["two.t"].state == phases["one.t"].state


def test_without_a_thread_services_go_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("removal"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    stage = Stage(tmp_path)
    result = stage.run()
    assert (result.exit_code, result.leftovers) == (0, ())
    assert not stage.engine.world.boxes


def test_a_project_that_compose_rejects_is_a_fault_of_the_files(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.engine.faults["config fastflow-r1-web"] = EngineCallError(f"services.app.foo {TOKEN} is not allowed")
    with pytest.raises(UsageError, match="rejects the project of workflow web") as caught:
        stage.run()
    assert TOKEN not in str(caught.value)
    assert stage.result_json()["exit_code"] == 2


def test_an_image_that_cannot_be_pulled_starts_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.engine.known_images = {"wallarm/fast", "tests:1"}
    stage.engine.faults["pull app:1"] = EngineCallError("manifest unknown", "check the tag")
    with pytest.raises(FastflowError, match="the image app:1 cannot be pulled: manifest unknown") as caught:
        stage.run()
    assert (caught.value.exit_code, caught.value.hint) == (3, "check the tag")
    assert stage.calls("up") == stage.calls("hold") == []


def test_an_image_that_is_never_to_be_pulled_has_to_be_there(tmp_path: Path) -> None:
    never = SPEC.replace("tests: { image: tests:1 }", "tests: { image: tests:1, pull_policy: never }")
    stage = Stage(tmp_path, never)
    stage.engine.known_images = {"wallarm/fast", "app:1"}
    with pytest.raises(FastflowError, match="service tests of workflow web says pull_policy: never") as caught:
        stage.run()
    assert caught.value.hint == "build or load the image first, or remove pull_policy"
    assert stage.calls("up") == stage.calls("pull") == []


@pytest.mark.parametrize("other", ["extra", "zoo"])
def test_an_image_is_pulled_if_one_of_its_services_may_pull_it(tmp_path: Path, other: str) -> None:
    services = f"tests: {{ image: tests:1, pull_policy: never, depends_on: [{other}] }}, {other}: {{ image: tests:1 }}"
    stage = Stage(tmp_path, SPEC.replace("tests: { image: tests:1 }", services))
    stage.engine.known_images = {"wallarm/fast", "app:1"}
    assert stage.run().exit_code == 0
    assert stage.calls("pull") == ["pull tests:1"]


def test_an_image_is_pulled_for_the_platform_of_its_service(tmp_path: Path) -> None:
    service = "tests: { image: tests:1, platform: linux/amd64 }"
    stage = Stage(tmp_path, SPEC.replace("tests: { image: tests:1 }", service))
    stage.engine.known_images = {"wallarm/fast", "app:1"}
    assert stage.run().exit_code == 0
    assert stage.calls("pull") == ["pull tests:1 for linux/amd64"]


def test_a_build_that_fails_removes_what_others_built(tmp_path: Path) -> None:
    text = "workflows:\n" + "".join(
        f"  {name}: {{ compose: {{ services: {{ app: {{ build: . }} }} }}, "
        f"nodes: {{ t: {{ mode: testing, build_id: {name}1, test_record_id: r1 }} }} }}\n"
        for name in ("a", "b")
    )
    stage = Stage(tmp_path, text)
    stage.engine.faults["build fastflow-r1-b app"] = EngineCallError("no Dockerfile")
    with pytest.raises(FastflowError, match="the images of workflow b cannot be built: no Dockerfile"):
        stage.run()
    assert not stage.engine.built


def test_a_pull_that_fails_waits_for_no_other(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.engine.known_images = {"wallarm/fast"}
    stage.engine.hanging.add("pull app:1")
    real = stage.engine.pull

    def pull(image: str, timeout: float, platform: str | None = None) -> None:
        if image == "tests:1":
            until(lambda: "pull app:1" in stage.engine.calls)
            raise EngineCallError("manifest unknown")
        real(image, timeout, platform)

    stage.engine.pull = pull  # type: ignore[method-assign]
    with pytest.raises(FastflowError, match="the image tests:1 cannot be pulled"):
        stage.run()  # or it would wait for the pull that hangs


def test_what_no_selected_phase_needs_is_neither_pulled_nor_built(tmp_path: Path) -> None:
    text = SPEC.replace("tests: { image: tests:1 }", "tests: { image: tests:1 }, docs: { build: ., profiles: [docs] }")
    stage = Stage(tmp_path, text)
    stage.engine.known_images = set()
    assert stage.run().exit_code == 0
    assert sorted(stage.calls("pull")) == ["pull app:1", "pull tests:1", "pull wallarm/fast"]
    assert stage.calls("build") == []


SHARED_TAG = """
workflows:
  a:
    compose: { services: { app: { build: ., image: 'shop:ci' }, worker: { image: shop:ci } } }
    nodes: { t: { mode: testing, build_id: a1, test_record_id: r1, services: [worker] } }
  b:
    compose: { services: { app: { image: 'docker.io/library/shop:ci' }, unused: { build: ., profiles: [x] } } }
    nodes: { t: { mode: testing, build_id: b1, test_record_id: r1, depends_on: [a.t] } }
"""


def test_what_names_an_image_that_the_run_builds_runs_that_image(tmp_path: Path) -> None:
    seen: dict[str, str] = {}
    stage = Stage(tmp_path, SHARED_TAG, {"fast-t": PASSES})
    stage.engine.known_images = {"wallarm/fast", "shop:ci"}
    look = then(
        lambda: seen.update((box.container.name, box.container.image) for box in stage.engine.world.boxes.values())
    )
    stage.engine.scripts["fast-t"] = replace(PASSES, on_start=look)
    assert stage.run().exit_code == 0
    image = "fastflow-r1-a-app"
    assert (seen["fastflow-r1-a-worker-1"], seen["fastflow-r1-b-app-1"]) == (image, image)
    assert stage.calls("build") == ["build fastflow-r1-a app"]
    assert stage.calls("pull") == []
    assert not stage.engine.built
    assert "shop:ci" in stage.engine.known_images


def test_another_name_that_somebody_gave_to_an_image_of_the_run_stays(tmp_path: Path) -> None:
    stage = Stage(tmp_path, SHARED_TAG, {"fast-t": PASSES})
    tag = then(lambda: stage.engine.built.update({"mine:1": stage.engine.built["fastflow-r1-a-app"]}))
    stage.engine.scripts["fast-t"] = replace(PASSES, on_start=tag)
    assert stage.run().exit_code == 0
    assert list(stage.engine.built) == ["mine:1"]


def test_a_node_may_run_an_image_that_the_run_builds(tmp_path: Path) -> None:
    text = SPEC.replace("app: { image: app:1 }", "app: { image: app:1 }, node: { build: ., image: 'my/node:ci' }")
    stage = Stage(tmp_path, f"defaults: {{ image: my/node:ci }}\n{text}")
    stage.engine.known_images = {"tests:1", "app:1"}
    seen: list[str] = []
    look = then(lambda: seen.extend(box.container.image for box in stage.engine.world.boxes.values()))
    stage.engine.scripts["fast-test"] = replace(PASSES, on_start=look)
    assert stage.run().exit_code == 0
    assert seen.count("fastflow-r1-web-node") >= 3  # the service, the node, the lease
    assert "my/node:ci" not in seen
    assert not stage.engine.built
