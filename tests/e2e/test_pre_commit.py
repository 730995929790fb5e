"""The hook, run by the real pre-commit in a repository as users have it: without Docker, network or variables."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SPEC = "workflows:\n  {name}:\n    build_id: {build_id}\n    compose: compose.yml\n    nodes:\n{node}"
NODE = "      record: { mode: recording, source: { service: tests } }\n"
COMPOSE = "services: { tests: { image: 'tests:1', environment: { http_proxy: 'http://fast:8080' } } }\n"


@dataclass(frozen=True)
class Repository:
    """A Git repository with pre-commit. First on the PATH are fastflow, pre-commit, and a `docker` that tells on us."""

    path: Path
    tools: Path

    def call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in a network namespace of its own, in which there is nobody."""
        return subprocess.run(
            [shutil.which("unshare") or "unshare", "--map-root-user", "--net", *words],
            cwd=self.path,
            env={"PATH": f"{self.tools}:{os.defpath}", "HOME": str(self.tools.parent), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def git(self, *words: str) -> str:
        ended = self.call("git", "-c", "user.name=t", "-c", "user.email=t@t.example", *words)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def spec(self, name: str, build_id: str, node: str = NODE) -> None:
        self.write(f"{name}/fastflow.yml", SPEC.format(name=name, build_id=build_id, node=node))
        self.write(f"{name}/compose.yml", COMPOSE)

    def commit(self) -> tuple[int, str]:
        """Commit all that there is; return Git's exit code and what it and the hook printed."""
        self.git("add", ".")
        ended = self.call("git", "-c", "user.name=t", "-c", "user.email=t@t.example", "commit", "-m", "x")
        return ended.returncode, ended.stdout + ended.stderr


def hook_source(path: Path) -> str:
    """A repository with fastflow's hook as it is in this checkout; the commit to name as `rev`."""
    path.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", path)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t.example"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "hooks"]):
        subprocess.run([*git, *words], cwd=path, check=True)
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=path, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("pre-commit", "fastflow"):
        (tools / tool).symlink_to(BIN / tool)
    called = tmp_path / "docker-was-called"
    (tools / "docker").write_text(f"#!/bin/sh\ntouch {called}\nexit 97\n")
    (tools / "docker").chmod(0o755)
    revision = hook_source(tmp_path / "fastflow").strip()
    made = Repository(tmp_path / "shop", tools)
    made.path.mkdir()
    # The hook's own environment would be fastflow from a registry; the one that is under test is on the PATH.
    hook = "{ id: fastflow-validate, language: system }"
    config = f"repos: [{{ repo: '{tmp_path / 'fastflow'}', rev: '{revision}', hooks: [{hook}] }}]\n"
    made.write(".pre-commit-config.yaml", config)
    made.git("init", "-q")
    assert made.call("pre-commit", "install").returncode == 0
    yield made
    assert not called.exists()


def test_good_specs_are_committed(repository: Repository) -> None:
    repository.spec("web", "web${CI_PIPELINE_ID}")
    repository.spec("api", "api${CI_PIPELINE_ID}")
    code, out = repository.commit()
    assert code == 0, out
    assert "fastflow validate" in out
    assert "Passed" in out


def test_two_files_that_collide_are_refused_with_both_lines(repository: Repository) -> None:
    repository.spec("web", "shop${CI_PIPELINE_ID}")
    repository.spec("api", "shop${CI_PIPELINE_ID}")
    code, out = repository.commit()
    assert code == 1, out
    assert "web/fastflow.yml:3:15: error[build-id-collision]" in out
    assert "api/fastflow.yml:3:15: api.record records under it here" in out


def test_a_collision_is_found_where_only_one_of_the_two_files_was_changed(repository: Repository) -> None:
    repository.spec("web", "web1")
    repository.spec("api", "api1")
    assert repository.commit()[0] == 0
    repository.spec("api", "web1")
    code, out = repository.commit()
    assert code == 1, out
    assert "web/fastflow.yml:3:15: error[build-id-collision]" in out
    assert "api/fastflow.yml:3:15: " in out


def test_a_changed_compose_file_is_looked_at_too(repository: Repository) -> None:
    repository.spec("web", "web1")
    assert repository.commit()[0] == 0
    repository.write("web/compose.yml", COMPOSE.replace("tests:", "test:"))
    code, out = repository.commit()
    assert code == 1, out
    assert "web/fastflow.yml:6:53: error[service-unknown]" in out


def test_a_pipeline_that_does_not_fit_the_spec_is_refused_with_the_difference(repository: Repository) -> None:
    hooks = "[{ id: fastflow-validate, language: system }, { id: fastflow-ci, language: system }]"
    config = (repository.path / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    repository.write(".pre-commit-config.yaml", f"{config.partition('hooks: ')[0]}hooks: {hooks} }}]\n")
    repository.spec("web", "web1")
    assert repository.call("fastflow", "ci", "gitlab", "web/fastflow.yml").returncode == 0
    code, out = repository.commit()
    assert code == 0, out
    assert "fastflow ci --check" in out
    more = "  api:\n    build_id: api1\n    nodes: { test: { mode: testing, test_record_id: rec_1 } }\n"
    (repository.path / "web/fastflow.yml").write_text(
        (repository.path / "web/fastflow.yml").read_text(encoding="utf-8") + more,
        encoding="utf-8",
    )
    code, out = repository.commit()
    assert code == 1, out
    assert "+fast-api:" in out
    assert repository.call("fastflow", "ci").returncode == 0
    assert repository.commit()[0] == 0


def test_what_is_not_staged_does_not_count(repository: Repository) -> None:
    repository.spec("web", "web1")
    repository.git("add", ".")
    repository.spec("web", "not-a-build-id")
    ended = repository.call("git", "-c", "user.name=t", "-c", "user.email=t@t.example", "commit", "-m", "x")
    assert ended.returncode == 0, ended.stdout + ended.stderr
