"""Hostile inputs end `fastflow validate` with a clear error, soon and in under 300 MB, whichever file they are in."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SECONDS = 20  # of the processor; no measure but a guard against hangs: what it takes is in benchmarks/README.md
MEGABYTES = 300
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (at, at, b",".join([b"*%c" % (at - 1)] * 10)) for at in range(98, 107)
)
INPUTS = {
    "alias bomb": (BOMB, "500,000 values"),
    "merge bomb": (
        b"a: &a {" + b",".join(b"k%d: v" % at for at in range(1000)) + b"}\n" + b"b: { <<: *a }\n" * 1000,
        "500,000 values",
    ),
    "over 5 MB": (b"a: " + b"x" * 5_000_000, "more than 5,000,000 bytes"),
    "100,000 brackets": (b"a: " + b"[" * 100_000 + b"]" * 100_000, "100 levels"),
    "recursive anchor": (b"a: &a { b: *a }", "contains itself"),
    "NUL byte": (b"a: 1\nb: \0", "U+0000"),
    "NUL as an escape": (b'a: "x\\0"', "U+0000"),
    "UTF-16": ("a: b".encode("utf-16"), "not UTF-8"),
    "duplicate merge keys": (b"x-a: &a { b: c }\nx-d:\n  <<: *a\n  <<: *a\n", "the key `<<` is twice in this mapping"),
}
# Linux counts into the peak of a process what its parent had in memory: this one has next to nothing.
MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.buffer.write(done.stdout + f"\\n\\n{used.ru_utime + used.ru_stime} {used.ru_maxrss}".encode())
sys.exit(done.returncode)
"""
SPEC = """\
workflows:
  web:
    build_id: web1
    compose: {compose}
    nodes:
      record: {{ mode: recording, allowed_hosts: [app], source: {{ run: x }} }}
      test: {{ mode: testing, test_run_uri: "http://app:80", gate: {{ threat: 50, accept: {accept} }} }}
"""
INLINE = "{ services: { app: { image: a } } }"


def validate(spec: Path) -> list[dict[str, Any]]:
    """Run the command in a process of its own, measured; give its findings."""
    words = [sys.executable, "-m", "fastflow", "validate", "--format", "json", spec.name]
    done = subprocess.run([sys.executable, "-c", MEASURED, *words], cwd=spec.parent, capture_output=True, check=False)
    told, _, measured = done.stdout.rpartition(b"\n\n")
    assert done.returncode == 2, (done.stdout + done.stderr).decode(errors="replace")[-2000:]
    seconds, kilobytes = map(float, measured.split())
    assert seconds < SECONDS
    assert kilobytes < MEGABYTES * 1024
    findings: list[dict[str, Any]] = json.loads(told)["findings"]
    return findings


def errors_in(findings: list[dict[str, Any]]) -> str:
    return "\n".join(found["message"] for found in findings if found["severity"] == "error")


@pytest.mark.parametrize("name", INPUTS)
def test_as_a_spec(name: str, tmp_path: Path) -> None:
    content, message = INPUTS[name]
    (tmp_path / "f.yml").write_bytes(content)
    assert message in errors_in(validate(tmp_path / "f.yml"))


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("role", ["compose", "accept"])
def test_as_a_file_that_a_spec_names(role: str, name: str, tmp_path: Path) -> None:
    content, message = INPUTS[name]
    files = {"compose": INLINE, "accept": "gone.yml", role: "named.yml"}
    (tmp_path / "f.yml").write_text(SPEC.format(**files), encoding="utf-8")
    (tmp_path / "named.yml").write_bytes(content)
    found = validate(tmp_path / "f.yml")
    assert "named.yml" in {one["file"] for one in found}
    # What is read to its end is a mapping, and an accept file is a list.
    assert message in errors_in(found) or (role == "accept" and "does not contain a list" in errors_in(found))


@pytest.mark.parametrize("role", ["compose", "accept"])
def test_a_pipe_a_device_and_a_sparse_file_that_a_spec_names(role: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge.yml").open("wb") as file:
        file.truncate(1 << 40)
    for name, message in {
        "pipe": "not a regular file",
        "/dev/zero": "not a regular file",
        "huge.yml": "more than 5,000,000 bytes",
        '"a\\0"': "U+0000",
    }.items():
        files = {"compose": INLINE, "accept": "gone.yml", role: name}
        (tmp_path / "f.yml").write_text(SPEC.format(**files), encoding="utf-8")
        assert message in errors_in(validate(tmp_path / "f.yml"))


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    spec = SPEC.format(compose=INLINE, accept="gone.yml") + "unknown: 1\n"
    (tmp_path / "f.yml").write_bytes(b"\xef\xbb\xbf" + spec.encode())
    assert errors_in(validate(tmp_path / "f.yml")) == "unknown field `unknown`"
