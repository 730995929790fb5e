"""Which specs are below a directory: in a Git checkout what belongs to it, elsewhere no copies."""

import os
import subprocess
from pathlib import Path

import pytest

from fastflow.app.checkout import specs_below

OWN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(directory: Path, *words: str) -> None:
    options = ("-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *options, *words], cwd=directory, env={**os.environ, **OWN}, check=True, capture_output=True)


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")


def found(directory: Path, environment: dict[str, str] | None = None) -> list[str]:
    paths = specs_below(directory, {**os.environ, **(environment or {})})
    return [path.relative_to(directory).as_posix() for path in paths]


def repository(path: Path, *names: str) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "-q")
    write(path, *names)
    git(path, "add", "-f", ".")
    git(path, "commit", "-q", "-m", "x")
    return path


def test_in_a_checkout_it_is_what_git_tracks_or_would_add(tmp_path: Path) -> None:
    tracked = ("fastflow.yml", "a b/ü.fastflow.yaml", "vendor/lib/fastflow.yaml", "gone/fastflow.yml", "x-fastflow.yml")
    root = repository(tmp_path / "shop", *tracked, ".gitignore")
    (root / ".gitignore").write_text(".worktrees/\nbuild/\n*.tmp.fastflow.yml\n")
    (root / "gone/fastflow.yml").unlink()
    write(root, "new/fastflow.yml", "build/fastflow.yml", "old.tmp.fastflow.yml", "new/other.yml")
    git(root, "worktree", "add", "-q", ".worktrees/b")
    git(root, "worktree", "add", "-q", "not-ignored")
    wanted = ["a b/ü.fastflow.yaml", "fastflow.yml", "new/fastflow.yml", "vendor/lib/fastflow.yaml"]
    assert found(root) == wanted
    assert found(root, {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere"}) == wanted  # as in a hook
    assert found(root / "new") == ["fastflow.yml"]
    assert "fastflow.yml" in found(root / ".worktrees/b")
    # Who stands in an ignored folder means it.
    assert found(root / "build") == ["fastflow.yml"]


def test_submodules_belong_to_it(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner", "inner/fastflow.yml")
    middle = repository(tmp_path / "middle", "fastflow.yml")
    git(middle, "submodule", "--quiet", "add", str(inner), "deep")
    git(middle, "commit", "-q", "-m", "x")
    root = repository(tmp_path / "root", "web/fastflow.yml")
    git(root, "submodule", "--quiet", "add", str(middle), "libs/middle")
    git(root, "submodule", "--quiet", "update", "--init", "--recursive")
    write(root, "libs/middle/new.fastflow.yml")
    wanted = ["libs/middle/deep/inner/fastflow.yml", "libs/middle/fastflow.yml", "libs/middle/new.fastflow.yml"]
    assert found(root) == [*wanted, "web/fastflow.yml"]
    assert found(root / "libs") == [name.removeprefix("libs/") for name in wanted]


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_elsewhere_well_known_folders_and_worktrees_are_left_out(path: str, tmp_path: Path) -> None:
    root = repository(tmp_path / "src/shop", "fastflow.yml")
    git(root, "worktree", "add", "-q", "../shop-b")
    write(tmp_path / "src", "fastflow.yaml", "a/ci.fastflow.yml", "node_modules/x/fastflow.yml", "vendor/fastflow.yml")
    write(tmp_path / "src", ".venv/fastflow.yml", "a/fastflow.txt")
    environment = {"PATH": path} if path else {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    assert found(tmp_path / "src", environment) == ["a/ci.fastflow.yml", "fastflow.yaml", "shop/fastflow.yml"]
