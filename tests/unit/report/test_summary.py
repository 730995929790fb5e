"""What is said of a run that has ended: how, why, what to do, where the rest is; and the ends of the logs."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastflow.record.result import PhaseResult, RunResult, Suppression, Vulnerability
from fastflow.report.log_ends import LINES, log_ends, shown_run
from fastflow.report.plain_ci import FORMATS, CiFormat
from fastflow.report.summary import coloured, summary_of_run, wrapped

START = "2026-01-01T10:00:00.000Z"


def phase(name: str, state: Any = "passed", seconds: float = 12.34, **facts: Any) -> PhaseResult:
    ended = f"2026-01-01T10:{int(seconds // 60):02}:{seconds % 60:06.3f}Z"
    made = PhaseResult(name, name.partition(".")[0], "default", "testing", None, state, started=START, ended=ended)
    return replace(made, **facts)


def run(*phases: PhaseResult, code: int = 0, ended: str = "2026-01-01T10:01:05.000Z", **facts: Any) -> RunResult:
    return RunResult("r1", "f.yml", code, START, ended, phases, **facts)


def found(kind: str, threat: int | None, gate: Any = "fails", **facts: Any) -> Vulnerability:
    return Vulnerability(kind, threat, "GET_q_value", None, "http://app/x", "f1", gate=gate, **facts)


def test_summary_names_phases_records_times_and_the_folder() -> None:
    text = summary_of_run(
        run(
            phase("web.record", test_record="rec_1"),
            phase("web.test", seconds=125, test_record="rec_1", test_run="tr_1", reports=("reports/web.test/a.pdf",)),
            phase("api.record", "skipped", started=None, ended=None, reason="web.record failed"),
        ),
        "runs/r1",
        ["out/result.json"],
    )
    assert text.splitlines() == [
        "✓ web.record  passed          12.3 s  test record rec_1",
        "✓ web.test    passed       2 min 5 s  test record rec_1, test run tr_1",
        "- api.record  skipped",
        "    web.record failed",
        "",
        "2 passed, 1 skipped in 1 min 5 s; exit code 0",
        "reports of web.test: reports/web.test/a.pdf",
        "report: out/result.json",
        "run folder: runs/r1",
    ]


def test_what_a_scanner_found_is_named_with_scanner_threat_and_request() -> None:
    facts: dict[str, Any] = {"method": "POST", "parameter": "code", "uri": "http://app/coupon"}
    fast = replace(found("xss", 80), **facts)
    scan = replace(found("sqli", 98), **facts, scanner="sqlmap")
    text = summary_of_run(run(phase("web.test", "vulnerable", vulnerabilities=(fast, scan))), "f")
    assert "    sqli (threat 98, sqlmap) in parameter code of POST http://app/coupon [f1]" in text.splitlines()
    assert "    xss (threat 80) in parameter code of http://app/coupon [f1]" in text.splitlines()


@pytest.mark.parametrize(
    ("record", "baselines", "before", "said"),
    [
        ("records/web.record.har", 3, None, "test record records/web.record.har, 3 baselines"),
        ("records/web.record.har", 3, 3, "test record records/web.record.har, 3 baselines"),
        ("records/web.record.har", 1, 4, "test record records/web.record.har, 1 baseline (4 when it last passed)"),
        ("rec_1", 3, 3, "test record rec_1"),
        ("rec_1", 3, None, "test record rec_1"),
        ("rec_1", 3, 5, "test record rec_1, 3 baselines (5 when it last passed)"),
        ("rec_1", None, 5, "test record rec_1"),
    ],
)
def test_baselines_are_told_if_they_are_news(record: str, baselines: int | None, before: int | None, said: str) -> None:
    known = {} if before is None else {"web.record": before}
    result = run(phase("web.record", test_record=record, baselines=baselines))
    assert summary_of_run(result, "f", before=known).splitlines()[0] == f"✓ web.record  passed          12.3 s  {said}"


def test_vulnerabilities_are_told_by_kind_the_gravest_first_with_what_the_gate_made_of_them() -> None:
    accepted = Suppression("a login", "2026-12-31")
    text = summary_of_run(
        run(
            phase(
                "web.test",
                "vulnerable",
                reason="3 vulnerabilities found: sqli, xss",
                vulnerabilities=(
                    found("xss", 50), found("info", 10, "below"), found("sqli", None), found("xss", 50),
                    found("ptrav", 70, "accepted", suppressed=accepted), found("rce", 90, "off"),
                ),
                log="logs/web.test.log",
            ),
            code=1,
        ),
        "runs/r1",
    )  # fmt: skip
    assert text.splitlines() == [
        "! web.test  vulnerable      12.3 s",
        "    3 vulnerabilities found: sqli, xss",
        "    sqli (threat unknown) in parameter GET_q_value of http://app/x [f1]",
        "    xss (threat 50) in parameter GET_q_value of http://app/x [f1], 2 times",
        "    rce (threat 90) in parameter GET_q_value of http://app/x [f1]: the gate is off",
        "    ptrav (threat 70) in parameter GET_q_value of http://app/x [f1]: accepted until 2026-12-31: a login",
        "    info (threat 10) in parameter GET_q_value of http://app/x [f1]: below the gate's threat",
        "    what to do: fix it, or accept it with a reason:",
        '      fastflow accept r1 --fingerprint f1 --reason "WHY"',
        "    log: logs/web.test.log",
        "",
        "1 vulnerable in 1 min 5 s; exit code 1",
        "6 vulnerabilities: 1 info, 1 ptrav, 1 rce, 1 sqli, 2 xss; 3 of them excused",
        "run folder: runs/r1",
    ]


@pytest.mark.parametrize(
    ("facts", "advice"),
    [
        ({"hint": "raise `timeout`", "log": "a.log"}, ["    what to do: raise `timeout`", "    log: a.log"]),
        ({"log": "a.log"}, ["    what to do: see the end of its log", "    log: a.log"]),
        ({}, ["    what to do: see the run folder"]),
    ],
)
def test_each_failure_has_its_reason_and_the_next_step(facts: dict[str, Any], advice: list[str]) -> None:
    text = summary_of_run(run(phase("web.test", "failed", reason="no baseline", **facts), code=3), "runs/r1")
    assert text.splitlines()[:-3] == ["✗ web.test  failed          12.3 s", "    no baseline", *advice]


def vulnerable(*fingerprints: str, **facts: Any) -> RunResult:
    each = tuple(replace(found("xss", 50), fingerprint=one, **facts) for one in fingerprints)
    return run(phase("web.test", "vulnerable", vulnerabilities=each), code=1)


def commands(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if "fastflow accept" in line]


def test_each_vulnerability_has_its_command_until_they_are_many() -> None:
    assert commands(summary_of_run(vulnerable("a", "b", "a"), "f")) == [
        'fastflow accept r1 --fingerprint a --reason "WHY"', 'fastflow accept r1 --fingerprint b --reason "WHY"'
    ]  # fmt: skip
    assert commands(summary_of_run(vulnerable(*"abcd"), "f")) == [
        'fastflow accept r1 --fingerprint FINGERPRINT --reason "WHY"'
    ]


def test_commands_come_in_the_order_of_the_vulnerabilities() -> None:
    each = (replace(found("xss", 50), fingerprint="a"), replace(found("sqli", 80), fingerprint="b"))
    text = summary_of_run(run(phase("web.test", "vulnerable", vulnerabilities=each), code=1), "f")
    assert re.findall(r"\[(\w)\]", text) == re.findall(r"--fingerprint (\w)", text) == ["b", "a"]


def test_command_names_a_run_that_is_elsewhere_by_its_folder() -> None:
    assert commands(summary_of_run(vulnerable("a"), "f", run="a b/.fastflow/runs/r1")) == [
        "fastflow accept 'a b/.fastflow/runs/r1' --fingerprint a --reason \"WHY\""
    ]


def test_what_is_excused_or_has_expired_has_no_command() -> None:
    assert commands(summary_of_run(vulnerable("a", gate="below"), "f")) == []
    assert commands(summary_of_run(vulnerable("a", expired=Suppression("why", "2026-01-31")), "f")) == []


def test_lines_break_between_words_with_an_indent_and_commands_stay_whole() -> None:
    text = summary_of_run(
        run(phase("web.test", "failed", reason="the service app ended: " + "word " * 20, hint="look at " + "x" * 90)),
        "runs/r1",
    )
    lines = wrapped(f"{text}\n{commands(summary_of_run(vulnerable('a' * 40), 'f'))[0]:>90}", 80).splitlines()
    assert lines[1:7] == [
        "    the service app ended: " + " ".join(["word"] * 10),
        "      " + " ".join(["word"] * 10),
        "    what to do: look at",
        "      " + "x" * 90,
        "",
        "1 failed in 1 min 5 s; exit code 0",
    ]
    assert lines[-1].endswith('--reason "WHY"')
    assert wrapped(text, 1000) == text


def test_failure_that_is_allowed_is_said_to_be() -> None:
    text = summary_of_run(run(phase("web.test", "failed", allow_failure=True)), "runs/r1")
    assert text.startswith("✗ web.test  failed (allowed)  ")


def test_what_could_not_be_removed_is_named_with_its_command() -> None:
    text = summary_of_run(run(code=3, leftovers=("docker rm -f 123",)), "runs/r1")
    assert text.splitlines()[-2:] == ["could not be removed; remove it with:", "  docker rm -f 123"]


def test_reports_of_several_files_are_named_by_their_directories() -> None:
    text = summary_of_run(run(phase("web.test", reports=("r/a/1.pdf", "r/a/2.pdf"))), "runs/r1")
    assert "reports of web.test: r/a\n" in text


def test_long_run_is_told_in_hours() -> None:
    assert " in 2 h 5 min; " in summary_of_run(run(ended="2026-01-01T12:05:00.000Z"), "runs/r1")


def test_colours_are_those_of_states_and_take_no_column() -> None:
    phases = (
        phase("web.record"), phase("web.test", "vulnerable", reason="! x passed"), phase("api.record", "failed"),
        phase("api.test", "skipped", started=None, ended=None),
    )  # fmt: skip
    plain = summary_of_run(run(*phases), "runs/r1")
    text = coloured(plain)
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == plain
    assert re.findall(r"\x1b\[([1-9;]+)m(\S+?)\x1b\[0m", text) == [
        ("32", "✓"), ("32", "passed"), ("1;31", "!"), ("1;31", "vulnerable"), ("31", "✗"), ("31", "failed"),
        ("2", "-"), ("2", "skipped"),
    ]  # fmt: skip


def logged(path: Path, text: str, **facts: Any) -> RunResult:
    path.write_text(text, encoding="utf-8")
    return run(phase("web.test", "failed", reason="no: baseline", hint="record one", log=str(path), **facts))


def test_the_end_of_a_failed_phases_log_is_shown_with_the_path_to_the_rest(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    text = log_ends(logged(log, "".join(f"line {at}\n" for at in range(100))), CiFormat())
    assert text.splitlines() == [
        f"web.test: the last lines of {log}", *(f"  | line {at}" for at in range(100 - LINES, 100))
    ]  # fmt: skip


def test_log_of_any_size_is_read_from_its_end(tmp_path: Path) -> None:
    text = log_ends(logged(tmp_path / "a.log", "é" * 3_000_000 + "\nlast\n" + "x" * 5000 + "\n"), CiFormat())
    assert text.splitlines()[1:] == ["  | last", f"  | {'x' * 400}"]


@pytest.mark.parametrize("state", ["passed", "vulnerable", "skipped", "cancelled"])
def test_other_phases_show_no_log(state: str, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("x\n", encoding="utf-8")
    assert log_ends(run(phase("web.test", state, log=str(tmp_path / "a.log"))), CiFormat()) == ""


def test_log_that_is_gone_is_left_out(tmp_path: Path) -> None:
    assert log_ends(run(phase("web.test", "failed", log=str(tmp_path / "a.log"))), CiFormat()) == ""


@pytest.mark.parametrize(
    ("system", "lines"),
    [
        ("github", ["::group::T", "  | a", "::endgroup::", "::error title=web.test failed::no: baseline (record one)"]),
        ("azure", ["##[group]T", "  | a", "##[endgroup]",
                   "##vso[task.logissue type=error]web.test failed: no: baseline (record one)"]),
        ("teamcity", ["##teamcity[blockOpened name='T']", "  | a", "##teamcity[blockClosed name='T']",
                      "##teamcity[message text='web.test failed: no: baseline (record one)' status='ERROR']"]),
    ],
)  # fmt: skip
def test_ci_system_folds_the_log_and_marks_the_failure(system: str, lines: list[str], tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    text = log_ends(logged(log, "a\n"), FORMATS[system])
    assert text.replace(f"web.test: the last lines of {log}", "T").splitlines() == lines


def test_gitlab_section_begins_and_ends_under_one_name_at_the_phases_times(tmp_path: Path) -> None:
    opened, _, closed = log_ends(logged(tmp_path / "a.log", "a\n"), FORMATS["gitlab"]).split("\n")[:3]
    began, ended = opened.split(":"), closed.split(":")
    assert (began[0], ended[0]) == ("\x1b[0Ksection_start", "\x1b[0Ksection_end")
    assert int(ended[1]) - int(began[1]) == 12
    assert began[2].partition("[")[0] == ended[2].partition("\r")[0]


def test_allowed_failure_is_a_warning(tmp_path: Path) -> None:
    assert "::warning title=" in log_ends(logged(tmp_path / "a.log", "", allow_failure=True), FORMATS["github"])


@pytest.mark.parametrize("ci", [*FORMATS.values(), CiFormat()])
def test_hostile_log_is_inert(ci: CiFormat, tmp_path: Path) -> None:
    text = log_ends(logged(tmp_path / "a.log", "::error::x\n##vso[x]\n\x1b[2Jx\n##teamcity[x]\r::y\n"), ci)
    inside = [line for line in text.split("\n") if line.startswith("  | ")]
    assert inside == ["  | \\::error::x", "  | ##\\vso[x]", "  | \ufffd[2Jx", "  | ##\\teamcity[x]", "  | \\::y"]


def test_all_that_is_shown_is_edited_and_the_summary_is_inert(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    text = shown_run(logged(log, "sesame\n"), "::sesame", CiFormat(), lambda text: text.replace("sesame", "***"))
    assert text == f"web.test: the last lines of {log}\n  | ***\n\n\\::***\n"


def test_cells_of_a_matrix_that_ended_alike_are_told_in_one_line() -> None:
    matrices = {f"web-{number}": "web" for number in range(6)}
    phases = (
        *(phase(f"web-{number}.record", seconds=1.0 + number) for number in range(5)),
        phase("web-5.record", "failed", reason="no record"),
        phase("web-0.test", "vulnerable", vulnerabilities=(found("xss", 80),)),
        phase("web-1.test"),
        *(phase(f"web-{number}.test", "skipped", started=None, ended=None, reason="too late") for number in (2, 3)),
        phase("api.test"),
    )
    lines = summary_of_run(run(*phases), "runs/r1", matrices=matrices).splitlines()
    assert [line for line in lines if not line.startswith("    ")][:6] == [
        "✓ web.record    passed           5.0 s  in 5 cells: web-0, web-1, web-2 and 2 more",
        "✗ web-5.record  failed          12.3 s",
        "! web-0.test    vulnerable      12.3 s",
        "✓ web-1.test    passed          12.3 s",
        "- web.test      skipped                 in 2 cells: web-2, web-3",
        "✓ api.test      passed          12.3 s",
    ]
    assert "web-4.record" in summary_of_run(run(*phases), "runs/r1")


def test_reports_of_cells_that_ended_alike_are_told_in_one_line() -> None:
    matrices = {f"web-{number}": "web" for number in range(5)}
    phases = (*(phase(f"web-{number}.test", reports=(f"r/web-{number}/a.pdf",)) for number in range(5)),)
    alone = phase("api.test", reports=("r/api/a.pdf", "r/api/a.json"))
    lines = summary_of_run(run(*phases, alone), "runs/r1", matrices=matrices).splitlines()
    assert [line for line in lines if line.startswith("reports of")] == [
        "reports of web.test: r/web-0/a.pdf, r/web-1/a.pdf, r/web-2/a.pdf and 2 more",
        "reports of api.test: r/api",
    ]
