"""Requests' sources that are commands on this machine."""

from pathlib import Path

from fastflow.plan.making import Selection
from tests.unit.run.recordings import PUBLISHED, spec
from tests.unit.run.stage import Stage, settings_of
from tests.waiting import has_exited, until

SHOWS = "env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD="


def shown(stage: Stage) -> list[str]:
    """What the source's command printed."""
    assert stage.phase().state == "passed", stage.order
    return stage.log("web.record.source").splitlines()


def test_a_command_gets_the_proxy_and_no_way_round_it(tmp_path: Path) -> None:
    around = {
        "PATH": "/usr/bin:/bin",
        "NO_PROXY": "*",
        "MINE": "1",
    }
    text = spec(f"source: {{ run: '{SHOWS}' }}")
    stage = Stage(tmp_path, text, {"fast-record": PUBLISHED}, settings_of(source_environment=around))
    url = "http://127.0.0.1:40001"
    urls = ("FASTFLOW_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    assert set(shown(stage)) == {
        *(f"{name}={url}" for name in urls),
        "FASTFLOW_PROXY_HOST=127.0.0.1",
        "FASTFLOW_PROXY_PORT=40001",
        "MINE=1",
        "NO_PROXY=",
        "no_proxy=",
        "PATH=/usr/bin:/bin",
    }


def test_a_command_has_its_own_variables_and_directory(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    own = "environment: { MINE: '$$two', PASSED: null, UNSET: null }, working_dir: below"
    text = spec(f"source: {{ run: 'echo $MINE $PASSED ${{UNSET-none}}; pwd', {own} }}")
    stage = Stage(tmp_path, text, {"fast-record": PUBLISHED}, settings_of(source_environment={"PASSED": "on"}))
    assert shown(stage) == ["$two on none", str(tmp_path / "below")]


def test_a_command_that_fails_names_its_exit_code_or_signal(tmp_path: Path) -> None:
    for number, (command, how) in enumerate({"exit 3": "exit code 3", "kill -9 $$": "signal 9"}.items()):
        stage = Stage(tmp_path / str(number), spec(f"source: {{ run: '{command}' }}"), {"fast-record": PUBLISHED})
        stage.directory.mkdir()
        assert (stage.phase().reason or "").endswith(f"ended with {how}")


def test_a_command_does_not_run_without_a_proxy_or_its_directory(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec("source: { run: 'true' }"))
    assert stage.phase().reason == (
        "the source `true` cannot be run: port 8080 of the node, its proxy, is not published"
    )
    (tmp_path / "b").mkdir()
    text = spec("source: { run: 'true', working_dir: nowhere }")
    stage = Stage(tmp_path / "b", text, {"fast-record": PUBLISHED})
    assert "cannot be run in" in (stage.phase().reason or "")


def test_a_command_leaves_no_process_behind(tmp_path: Path) -> None:
    text = spec("source: { run: 'sleep 300 & echo $!' }")
    stage = Stage(tmp_path, text, {"fast-record": PUBLISHED})
    (number,) = shown(stage)
    until(lambda: has_exited(number), "the command's child still runs")


MATRIX = """
workflows:
  web:
    matrix: { browser: [chrome, firefox], include: [{ browser: chrome, flags: "--x y" }] }
    build_id: web${browser}
    compose:
      services:
        app: { image: app:1, environment: { BROWSER: "${browser}", FLAGS: "${flags}" } }
        tests: { image: tests:1, environment: { flags: the services own } }
    nodes: { record: { mode: recording, SOURCE } }
"""
AROUND = {"PATH": "/usr/bin:/bin", "browser": "the caller's"}


def test_variables_of_a_matrix_reach_commands_and_compose_and_win_over_the_callers(tmp_path: Path) -> None:
    text = MATRIX.replace(
        "SOURCE", "source: { run: 'echo $browser/$flags/$MORE', environment: { MORE: '${browser}!' } }"
    )
    settings = settings_of(source_environment=AROUND, keep=True)
    stage = Stage(tmp_path, text, {"fast-record": PUBLISHED}, settings)
    assert {name: phase.state for name, phase in stage.phases().items()} == {
        "web-chrome.record": "passed",
        "web-firefox.record": "passed",
    }
    assert stage.log("web-chrome.record.source") == "chrome/--x y/chrome!\n"
    assert stage.log("web-firefox.record.source") == "firefox//firefox!\n"
    boxes = [box for box in stage.engine.world.boxes.values() if box.container.service == "app"]
    assert sorted((box.environment["BROWSER"], box.environment["FLAGS"]) for box in boxes) == [
        ("chrome", "--x y"),
        ("firefox", ""),
    ]


def test_variables_of_a_matrix_reach_the_container_of_a_service_that_does_not_set_them(tmp_path: Path) -> None:
    text = MATRIX.replace("SOURCE", "source: { service: tests, environment: { MORE: null, browser: 'o${browser}' } }")
    for source, browser in ((text, "ochrome"), (text.replace(", browser: 'o${browser}'", ""), "chrome")):
        stage = Stage(tmp_path / browser, source, settings=settings_of(source_environment=AROUND, keep=True))
        stage.selection = Selection(("web-chrome",))
        assert stage.phase("web-chrome.record").state == "passed"
        environment = stage.environment_of("tests")
        assert (environment["browser"], environment["flags"]) == (browser, "the services own")
