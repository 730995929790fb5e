"""`fastflow ci`: files that it writes, keeps in step, and never overwrites where it did not write them."""

from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from tests.unit.jobs.pipelines import GOLDEN

SPEC = (GOLDEN / "fastflow.yml").read_text(encoding="utf-8")
GITHUB = Path(".github/workflows/fast.yml")
GITLAB = Path(".gitlab-ci.yml")
RECORD = "web.record"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "fastflow.yml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ci(*words: str) -> int:
    return guarded(cli, ["ci", *words])


def change_spec() -> None:
    Path("fastflow.yml").write_text(
        SPEC + SPEC[SPEC.index("  policy:") :].replace("policy", "third").replace(RECORD, "external")
    )


@pytest.mark.parametrize(
    ("system", "path"),
    [
        ("github", ".github/workflows/fast.yml"),
        ("gitlab", ".gitlab-ci.yml"),
        ("jenkins", "Jenkinsfile"),
        ("circleci", ".circleci/config.yml"),
        ("azure", "azure-pipelines.yml"),
        ("bamboo", "bamboo-specs/bamboo.yaml"),
    ],
)
def test_a_file_is_written_kept_in_step_and_checked(system: str, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert ci(system) == 0
    assert f"wrote {path}" in capfd.readouterr().err
    written = Path(path).read_text()
    assert ci("--check") == 0
    assert ci(system, "--stdout") == 0
    assert capfd.readouterr().out == written
    change_spec()
    assert ci("--check") == 2
    out, err = capfd.readouterr()
    assert out.startswith(f"--- {path}\n+++ {path}\n@@ ")
    assert f"{path} does not match its spec" in err
    assert Path(path).read_text() == written
    assert ci() == 0
    assert ci("--check") == 0


def test_options_are_kept_by_the_file(capfd: pytest.CaptureFixture[str]) -> None:
    assert ci("gitlab", "--jobs", "one", "--install", "./tools/fast flow", "--runner", "docker-shell") == 0
    text = GITLAB.read_text()
    assert (
        "# >>> fastflow ci gitlab fastflow.yml --jobs one --install './tools/fast flow' --runner docker-shell  # jobs"
        in text
    )
    assert "pip install --quiet './tools/fast flow'" in text
    assert "tags: [docker-shell]" in text
    change_spec()
    assert ci() == 0
    assert GITLAB.read_text() == text  # one job has no name of a workflow
    assert "in step: .gitlab-ci.yml" in capfd.readouterr().err


def test_the_spec_is_named_from_the_top_of_the_checkout(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = repository / "apps" / "shop"
    below.mkdir(parents=True)
    Path("fastflow.yml").rename(below / "fastflow.yml")
    monkeypatch.chdir(below)
    assert ci("github") == 0
    text = (repository / GITHUB).read_text()
    assert "fastflow validate apps/shop/fastflow.yml" in text
    assert "apps/shop/.fastflow/runs" in text
    assert ci("--check") == 0
    monkeypatch.chdir(repository)
    assert ci("--check") == 0


def test_a_file_of_others_is_never_overwritten(capfd: pytest.CaptureFixture[str]) -> None:
    GITLAB.write_text("build: { script: [make] }\n")
    assert ci("gitlab") == 2
    assert (
        "has no place for the jobs that fastflow would write, and fastflow never overwrites" in capfd.readouterr().err
    )
    assert GITLAB.read_text() == "build: { script: [make] }\n"


def test_a_region_in_a_file_of_others_is_kept_in_step() -> None:
    GITLAB.write_text("build: { script: [make] }\n# >>> fastflow ci gitlab\n# <<< fastflow\nlast: { script: [x] }")
    assert ci("--check") == 2
    assert ci("gitlab") == 0
    text = GITLAB.read_text()
    assert text.startswith("build: { script: [make] }\n# >>> fastflow ci gitlab fastflow.yml  # jobs ")
    assert text.endswith("# <<< fastflow\nlast: { script: [x] }\n")
    assert "fast-web-recording:\n  extends: .fastflow\n" in text
    assert ci("--check") == 0


def test_an_edited_region_is_not_overwritten_unless_forced(capfd: pytest.CaptureFixture[str]) -> None:
    ci("github")
    edited = GITHUB.read_text().replace("runs-on: ubuntu-latest", "runs-on: mine", 1)
    GITHUB.write_text(edited)
    assert ci("--check") == 2
    assert "-    runs-on: mine\n+    runs-on: ubuntu-latest\n" in capfd.readouterr().out
    for words in ((), ("github",)):
        assert ci(*words) == 2
        assert f"{GITHUB}:9: the jobs that fastflow wrote have been edited" in capfd.readouterr().err
        assert GITHUB.read_text() == edited
    assert ci("--force") == 0
    assert "runs-on: mine" not in GITHUB.read_text()


def test_what_is_outside_of_the_region_is_the_users() -> None:
    ci("github")
    text = GITHUB.read_text().replace("on: [push]", "on: [pull_request]")
    GITHUB.write_text(text)
    assert ci("--check") == 0
    assert ci("github") == 0
    assert GITHUB.read_text() == text


def test_another_spec_wants_another_file(capfd: pytest.CaptureFixture[str]) -> None:
    ci("github")
    Path("other.fastflow.yml").write_text(SPEC)
    assert ci("github", "other.fastflow.yml") == 2
    assert "has the pipeline of github fastflow.yml" in capfd.readouterr().err
    assert ci("github", "other.fastflow.yml", "--output", ".github/workflows/other.yml") == 0
    capfd.readouterr()
    assert ci("--check") == 0
    assert capfd.readouterr().err == "in step: .github/workflows/fast.yml, .github/workflows/other.yml\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--check",), "no file here was written by fastflow ci"),
        ((), "no file here was written by fastflow ci"),
        (("github", "--check", "--jobs", "one"), "is kept in step with the spec and options that it was made with"),
        (("github", "-"), "the pipeline needs a spec that is a file"),
        (("github", "nowhere.yml"), "nowhere.yml cannot be read"),
        (("travis",), "'travis' is not one of"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert ci(*words) == 2
    assert said in capfd.readouterr().err


def test_a_spec_with_errors_gets_no_pipeline(capfd: pytest.CaptureFixture[str]) -> None:
    Path("fastflow.yml").write_text(SPEC.replace("build_id: api", "build_id: web", 1))
    assert ci("github") == 2
    assert "error[build-id-collision]" in capfd.readouterr().err
    assert not GITHUB.exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("# >>> fastflow ci travis", "does not name a CI system"),
        ("# >>> fastflow ci github --fast", "`--fast` is not an argument"),
        ("# >>> fastflow ci github --jobs all", "there is no `--jobs all`"),
        ("# >>> fastflow ci github  # stages", "no place for the jobs"),
    ],
)
def test_a_mark_that_says_nonsense_is_refused_with_its_line(
    line: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    GITHUB.parent.mkdir(parents=True)
    GITHUB.write_text(f"jobs:\n{line}\n# <<< fastflow\n")
    assert ci("--check") == 2
    assert said in capfd.readouterr().err
