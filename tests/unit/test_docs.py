"""The documentation is true: generated pages are fresh, links resolve, YAML parses, specs pass, commands exist."""

import importlib.machinery
import importlib.util
import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import click
import jsonschema
import pytest
import yaml

from fastflow.ci import _MARKS, _SYSTEMS
from fastflow.cli.main import COMMANDS, cli
from fastflow.diagnostic import Diagnostic, Mark, Related, Severity
from fastflow.errors import ExitCode
from fastflow.pipeline import SpecText, check
from fastflow.record.events import TYPES, Progress
from fastflow.record.result import PhaseResult, RunResult, Vulnerability
from fastflow.report.findings import findings_as_json
from fastflow.report.findings_text import Sources, render_findings
from fastflow.report.plain_ci import FORMATS
from tests.unit.command_words import parse
from tests.unit.model.good_specs import NewEditor, as_editors_read

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
EXAMPLES = tuple(sorted((ROOT / "examples").rglob("*fastflow.yml")))
SCHEMA = ROOT / "docs" / "reference" / "fastflow.schema.json"
RULES_PAGE = ROOT / "docs" / "reference" / "rules.md"
EMULATORS_OWN = {
    "io.fastflow.tokens",
    "io.fastflow.started-by",
    "io.fastflow.base",
}  # below its own label, and nobody else's business
INCLUDED = {  # what it may include
    "common/defaults.yml": "defaults: { attempts: 2 }\n",
    "teams/api.yml": "workflows:\n  api:\n    build_id: api${FASTFLOW_CI_ID}\n    nodes:\n"
    '      record: { mode: recording, allowed_hosts: ["${host}.example"], source: { run: ./requests.sh } }\n',
}
COMPOSE = {  # what a spec on a page may name
    "docker-compose.yml": (
        "services:\n"
        "  app: { image: shop, healthcheck: { test: [CMD, 'true'] } }\n"
        "  tests: { image: tests, environment: { http_proxy: 'http://fast:8080' } }\n"
    )
}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, its text, and the `text` block that follows it at once."""

    page: Path
    line: int
    language: str
    text: str
    following: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line}"

    @property
    def is_spec(self) -> bool:
        """Whether this is a spec: CircleCI's files, too, have `workflows`."""
        if self.language != "yaml" or self.page == RULES_PAGE:
            return False
        try:
            content = yaml.safe_load(self.text)
        except yaml.YAMLError:
            return False  # test_yaml_parses says so
        return isinstance(content, dict) and "workflows" in content and "jobs" not in content


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks() -> Iterator[Block]:
    fence = re.compile(r"^```(\w*)\n(.*?)^```$\n*(?:^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
    for page in PAGES:
        text, at = page.read_text(encoding="utf-8"), 0
        while (match := fence.search(text, at)) is not None:
            line = text.count("\n", 0, match.start()) + 1
            yield Block(page, line, match[1], match[2], match[3] or "")
            at = match.end(2) + len("```")  # the next block is one of its own, too


BLOCKS = tuple(blocks())
SPECS = tuple(block for block in BLOCKS if block.is_spec)
PARSED_ELSEWHERE = {block for block in BLOCKS if block.page == RULES_PAGE}  # wrong on purpose; see tests/corpus


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


# Generated pages
def generated() -> Mapping[str, str]:
    loader = importlib.machinery.SourceFileLoader("reference", str(ROOT / "scripts" / "reference"))
    spec = importlib.util.spec_from_loader("reference", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    pages: Callable[[], Mapping[str, str]] = module.pages
    return pages()


@pytest.mark.parametrize("name", ["spec.md", "rules.md", "commands.md", "fastflow.schema.json"])
def test_generated_page_is_what_the_code_says_now(name: str) -> None:
    path = f"docs/reference/{name}"
    assert (ROOT / path).read_text(encoding="utf-8") == generated()[path], "run: make docs"


def test_the_table_of_commands_for_completion_is_what_the_commands_say_now() -> None:
    name = "fastflow/cli/commands.json"
    assert (ROOT / name).read_text(encoding="utf-8") == generated()[name], "run: make docs"


# Links
def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    words = re.sub(r"[^\w\- ]", "", re.sub(r"`|\[([^]]*)\]\([^)]*\)", r"\1", heading).lower())
    return words.replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(page)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)
    assert not broken


def test_index_leads_to_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target).resolve() for target in re.findall(r"\]\(([^)#]+)\)", index.read_text())}
    assert {page for page in PAGES if page.is_relative_to(index.parent)} - linked == {index}


# Editors
@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_example_names_the_schema_to_editors_and_keeps_to_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", text, re.MULTILINE)
    assert [(path.parent / name).resolve() for name in named] == [SCHEMA]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(as_editors_read(text, NewEditor))) == []


# YAML
@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "yaml" and b not in PARSED_ELSEWHERE], ids=str)
def test_yaml_parses(block: Block) -> None:
    assert yaml.safe_load(block.text) is not None


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "json"], ids=str)
def test_json_parses(block: Block) -> None:
    assert json.loads(block.text)


def files_of(page: Path) -> Mapping[str, str]:
    """The files that a page shows whole: blocks whose first line is a comment with nothing but the file's name."""
    return {name: block.text for block in BLOCKS if block.page == page and (name := file_of(block)) is not None}


def file_of(block: Block) -> str | None:
    name = re.match(r"# (\S+\.\S+)\n", block.text)
    return name and name[1]


@pytest.mark.parametrize("block", SPECS, ids=str)
def test_spec_passes_its_checks_or_shows_its_findings(block: Block, tmp_path: Path) -> None:
    place = Path(file_of(block) or "fastflow.yml").parent
    beside = {f"{place}/{name}": text for name, text in COMPOSE.items()}
    for name, text in {**beside, **INCLUDED, **files_of(block.page)}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = check([SpecText("fastflow.yml", tmp_path / place, block.text.encode())], None).diagnostics
    text = render_findings(found, Sources({"fastflow.yml": block.text}))
    shown = block.following if re.search(r"(error|warning)\[", block.following) else ""
    assert text.rstrip() == shown.rstrip()


def test_pages_hold_specs() -> None:
    assert len(SPECS) >= 5


# Commands
def command_lines() -> Iterator[tuple[str, str, bool]]:
    """Every `fastflow …` of the pages: where, its words, and whether it is one to type as it stands."""
    for block in BLOCKS:
        if block.language in ("sh", "yaml", "groovy") and block not in PARSED_ELSEWHERE:
            for line in re.sub(r"\\+\n\s*", " ", block.text).splitlines():
                for found in re.findall(r"(?<![\w.-])fastflow (?=[a-z-])([^|&;)'>`]*)", line.split(" #")[0]):
                    yield str(block), found, block.language == "sh"
    for page in PAGES:
        for found in re.findall(r"`fastflow ([^`]+)`", without_blocks(page)):
            yield name_of(page), found, False


COMMAND_LINES = tuple(dict.fromkeys(command_lines()))


@pytest.mark.parametrize(("place", "line", "is_whole"), COMMAND_LINES)
def test_command_exists_with_its_options(place: str, line: str, is_whole: bool) -> None:
    try:
        parse(line)
    except click.MissingParameter:
        assert not is_whole, place  # prose may speak of a command without what it wants
    except click.exceptions.Exit:
        pass  # --help and --version


def test_parse_refuses_what_is_not_there() -> None:
    for line in (
        "fly",
        "up --restart x",
        "up --progress loud",
        "emulator explode",
        "stop",
        "wait web.record --for tea",
    ):
        with pytest.raises(click.UsageError):
            parse(line)


def test_pages_that_keep_a_clone_in_the_repository_name_the_spec_to_validate() -> None:
    keeping = {str(block) for block in BLOCKS if "./tools/fastflow" in block.text and block.language != "sh"}
    checks = [(place, shlex.split(line)) for place, line, _ in COMMAND_LINES if place in keeping and "validate" in line]
    assert len(checks) == len(keeping) >= 6
    assert [place for place, words in checks if words[-1] != "fastflow.yml"] == []  # else also the clone's own specs


def options_without_a_text(command: click.Command, context: click.Context) -> Iterator[str]:
    for option in command.params:
        if isinstance(option, click.Option) and not option.help:
            yield f"{context.command_path} {option.opts[0]}"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from options_without_a_text(child, click.Context(child, parent=context, info_name=name))


def test_help_explains_every_option() -> None:
    assert list(options_without_a_text(cli, click.Context(cli, info_name="fastflow"))) == []


def test_pages_speak_of_every_command() -> None:
    assert {line.split()[0] for _, line, _ in COMMAND_LINES} >= set(COMMANDS)


def test_tutorial_starts_without_the_runs_of_examples_that_were_tried_before(tmp_path: Path) -> None:
    kept = tmp_path / "clone" / "examples" / "vulnerable" / ".fastflow" / "runs" / "26113000354622jth"
    kept.mkdir(parents=True)
    first = next(block for block in BLOCKS if block.page == ROOT / "docs" / "tutorial.md")
    commands = [line for line in first.text.splitlines() if not line.startswith(("make ", "export "))]
    subprocess.run(["bash", "-e", "-c", "\n".join(commands)], cwd=tmp_path / "clone", check=True)
    assert kept.is_dir()
    assert (tmp_path / "fastflow-tutorial" / "vulnerable").is_dir()
    assert not (tmp_path / "fastflow-tutorial" / "vulnerable" / ".fastflow").exists()


# What pages list by hand
@pytest.mark.parametrize("page", ["README.md", "docs/reference/exit-codes.md"])
def test_page_lists_every_exit_code(page: str) -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert {int(code) for row in rows for code in row.split(",")} == {int(code) for code in ExitCode}


def test_values_page_lists_every_variable_of_ci_systems() -> None:
    text = (ROOT / "docs" / "reference" / "values.md").read_text(encoding="utf-8")
    assert [name for _, names in _SYSTEMS for name in names if f"`{name}`" not in text] == []


def test_machine_formats_page_lists_every_field_of_results_and_findings() -> None:
    text = (ROOT / "docs" / "reference" / "machine-formats.md").read_text(encoding="utf-8")
    examples = [json.loads(block.text) for block in BLOCKS if block.language == "json"]
    (phase,) = [example for example in examples if "workflow" in example]
    (findings,) = [example for example in examples if "findings" in example]
    mark = Mark("fastflow.yml", 1, 1, 1, 1)
    found = Diagnostic("port-conflict", Severity.ERROR, "", mark, related=(Related(mark, ""),))
    assert sorted(phase) == sorted(field.name for field in fields(PhaseResult))
    assert sorted(phase["vulnerabilities"][0]) == sorted(field.name for field in fields(Vulnerability))
    assert shape(findings) == shape(json.loads(findings_as_json([found])))
    assert [field.name for field in fields(RunResult) if f"`{field.name}" not in text] == []


def test_machine_formats_page_lists_every_event_and_what_progress_tells() -> None:
    text = (ROOT / "docs" / "reference" / "machine-formats.md").read_text(encoding="utf-8")
    told = [field.name for field in fields(Progress) if field.name not in ("time", "phase")]
    types = re.findall(r"^\| `(\w+)` \| (?:yes|no|those)\b", text, re.MULTILINE)
    assert sorted(types) == sorted(set(TYPES.values()))
    (row,) = re.findall(r"^\| `progress` \| +\|(.*)$", text, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == told


def test_progress_page_lists_every_ci_system_that_reads_logs() -> None:
    text = (ROOT / "docs" / "how-to" / "progress-and-ci-logs.md").read_text(encoding="utf-8")
    marks = {system: variable for variable, system in _MARKS}
    assert [marks[name] for name in FORMATS if f"`{marks[name]}`" not in text] == []


def shape(value: object) -> object:
    """The names of the fields of a JSON value, without what they hold."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else None


def test_labels_page_lists_every_label() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "fastflow").rglob("*.py"))
    labels = {f"io.fastflow.{name}" for name in re.findall(r"\{LABEL\}\.([a-z-]+)", code)} - EMULATORS_OWN
    text = (ROOT / "docs" / "reference" / "labels-and-files.md").read_text(encoding="utf-8")
    assert sorted(label for label in labels if f"`{label}`" not in text) == []


def test_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200


def test_the_example_is_turned_over_by_the_lines_that_the_guide_adds() -> None:
    guide = (ROOT / "docs" / "how-to" / "from-fast-to-any-scanner.md").read_text(encoding="utf-8")
    (diff,) = re.findall(r"```diff\n(.*?)```", guide, re.DOTALL)
    first, *others = [line[1:] for line in diff.splitlines() if line.startswith("+")]
    assert set(others) == {"        image: registry.example/scanner:1"}
    text = (ROOT / "examples" / "fastflow.yml").read_text(encoding="utf-8")
    changed = text.replace("name: concurrent\n", f"name: concurrent\n{first}\n")
    changed = changed.replace("        mode: testing\n", f"        mode: testing\n{others[0]}\n")
    checked = check([SpecText("fastflow.yml", ROOT / "examples", changed.encode())], None)
    assert [one.rule for one in checked.diagnostics if one.severity is Severity.ERROR] == []
    kinds = {phase.traits.key for phase in checked.specs[0].phases}
    assert kinds == {"recording.har", "testing.sarif"}
