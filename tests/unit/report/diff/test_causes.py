"""Why two runs differ, from what their folders say; what they do not say is named."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fastflow.record.archive import Archive
from fastflow.report.diff.causes import Basis, Pair

from ..html.archives import phase
from .pairs import NEW, OLD, SPEC, digest_of, run_of

IMAGE = {"workflow": "web", "service": "app", "image": "shop:1", "id": "sha256:" + "a" * 64, "content": "a"}


def causes(old: Archive, new: Archive) -> list[tuple[str, str]]:
    return [(cause.kind, cause.description) for cause in Pair(Basis.of(old), Basis.of(new)).causes()]


def unknown(old: Archive, new: Archive) -> list[str]:
    return list(Pair(Basis.of(old), Basis.of(new)).unknown())


def pair(directory: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Archive, Archive]:
    return run_of(directory, OLD, **{"images": [IMAGE], **old}), run_of(directory, NEW, **{"images": [IMAGE], **new})


def test_runs_of_one_spec_differ_in_nothing(tmp_path: Path) -> None:
    old, new = pair(tmp_path, {}, {})
    assert (causes(old, new), unknown(old, new)) == ([], [])


def test_a_field_of_the_spec_is_shown_with_both_values_and_a_policy_as_one(tmp_path: Path) -> None:
    text = SPEC.replace("215", "216").replace("recording }", "recording, allowed_hosts: [app, shop], alias: x }")
    old, new = pair(tmp_path, {}, {"resolved": text.replace("compose: docker-compose.yml\n    ", "")})
    assert causes(old, new) == [
        ("spec", "workflows.web.compose: gone (docker-compose.yml)"),
        ("policy", "workflows.web.nodes.test.test_run_policy_id: 215 → 216"),
        ("spec", 'workflows.web.nodes.record.allowed_hosts: new (["app", "shop"])'),
        ("spec", "workflows.web.nodes.record.alias: new (x)"),
    ]


def test_build_ids_and_ids_of_runs_are_no_change(tmp_path: Path) -> None:
    def text(run: str, ci: str) -> str:
        return (
            SPEC.replace("web1", f"web{run}")
            + f"      more: {{ mode: testing, alias: a{run}, container_name: {ci} }}\n"
        )

    digest = digest_of(NEW, variables={"FASTFLOW_CI_ID": "gh7654321"})
    old, new = pair(
        tmp_path,
        {"resolved": text(OLD, "gh1234567")},
        {"resolved": text(NEW, "gh7654321"), "digest": digest},
    )
    assert causes(old, new) == []


def test_what_is_not_shown_is_known_by_its_digest(tmp_path: Path) -> None:
    def fields(environment: str, policy: str) -> Mapping[str, str]:
        shown = {"workflows.web.nodes.test.test_run_policy_id": policy, "workflows.web.build_id": policy}
        return {
            "workflows.web.nodes.test.environment": environment,
            "workflows.web.nodes.test.test_run_rps": policy,
            **shown,
        }

    old, new = pair(
        tmp_path,
        {"digest": digest_of(OLD, fields=fields("a", "c")), "resolved": f"{SPEC}defaults: {{ test_run_rps: 1 }}\n"},
        {
            "digest": digest_of(NEW, fields=fields("b", "d")),
            "resolved": SPEC.replace("215", "216") + "defaults: { test_run_rps: 2 }\n",
        },
    )
    assert causes(old, new) == [
        ("policy", "workflows.web.nodes.test.test_run_policy_id: 215 → 216"),
        ("spec", "defaults.test_run_rps: 1 → 2"),
        ("spec", "workflows.web.nodes.test.environment: changed"),
    ]


def test_digests_of_fields_are_those_of_one_version_of_fastflow(tmp_path: Path) -> None:
    old, new = pair(
        tmp_path, {"digest": digest_of(OLD, fields={"a.b": "1"})}, {"digest": digest_of(NEW), "fastflow": "0.2.0"}
    )
    assert causes(old, new) == [("version", "fastflow: 0.1.0 → 0.2.0")]


def test_compose_files_are_known_by_their_digests(tmp_path: Path) -> None:
    old, new = pair(
        tmp_path,
        {"digest": digest_of(OLD, files={"a.yml": "1", "b.yml": "1", "c.yml": "1"})},
        {"digest": digest_of(NEW, files={"a.yml": "1", "b.yml": "2", "d.yml": "1"})},
    )
    assert causes(old, new) == [("compose", "b.yml: changed"), ("compose", "c.yml: gone"), ("compose", "d.yml: new")]


def test_of_another_token_no_digest_says_anything(tmp_path: Path) -> None:
    digest = digest_of(NEW, tokens="t1", files={"docker-compose.yml": "c1"}, fields={"a": "1"})
    old, new = pair(tmp_path, {}, {"digest": digest})
    assert causes(old, new) == [("cloud", "the token's value: changed")]
    assert unknown(old, new) == ["Compose files: their digests are keyed with the token, whose value differs"]


def test_the_emulator_and_the_cloud_differ(tmp_path: Path) -> None:
    old, new = pair(tmp_path, {}, {"digest": digest_of(NEW, is_emulated=True)})
    assert causes(old, new) == [("cloud", "cloud: Wallarm's → emulated")]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({}, {"id": "sha256:" + "b" * 64, "content": "b"}, "web.app: shop:1 (aaaaaaaaaaaa) → shop:1 (bbbbbbbbbbbb)"),
        ({}, {"image": "shop:2"}, None),  # another name of one image
        ({}, {"id": "of the same content, with another label"}, None),
        (
            {"digest": "sha256:" + "d" * 64},
            {"digest": "sha256:" + "e" * 64, "content": "b"},
            "web.app: shop:1 (dddddddddddd) → shop:1 (eeeeeeeeeeee)",
        ),
        (
            {"image": f"fastflow-{OLD}-web-app"},
            {"image": f"fastflow-{NEW}-web-app", "id": "sha256:" + "b" * 64, "content": "b"},
            "web.app: built by the run (aaaaaaaaaaaa) → built by the run (bbbbbbbbbbbb)",
        ),
        ({"service": "db"}, {"service": "cache"}, None),  # which a Compose file says
    ],
)
def test_images_are_the_same_by_their_content(
    tmp_path: Path, old: Mapping[str, str], new: Mapping[str, str], said: str | None
) -> None:
    runs = pair(tmp_path, {"images": [IMAGE | dict(old)]}, {"images": [IMAGE | dict(new)]})
    assert causes(*runs) == ([("image", said)] if said else [])


def test_one_image_of_several_services_is_said_once(tmp_path: Path) -> None:
    many = [IMAGE | {"workflow": name} for name in ("web", "api")]
    old, new = pair(
        tmp_path, {"images": many}, {"images": [one | {"id": "sha256:" + "b" * 64, "content": "b"} for one in many]}
    )
    assert causes(old, new) == [("image", "web.app, api.app: shop:1 (aaaaaaaaaaaa) → shop:1 (bbbbbbbbbbbb)")]


def test_how_many_baselines_were_tested_is_counted_in_the_log(tmp_path: Path) -> None:
    def run(name: str, baselines: int) -> Archive:
        lines = [f"INFO [1]: Running a test set for the baseline #bl_{number}\n" for number in range(baselines)]
        log = f"/elsewhere/{name}/logs/web.test.attempt-2.log"
        logs = {"web.test.attempt-2": "".join(lines), "web.test": "INFO: Running a test set for the baseline #bl_1\n"}
        return run_of(tmp_path, name, phase("web.test", log=log), logs=logs, images=[IMAGE])

    assert causes(run(OLD, 12), run(NEW, 14)) == [("record", "baselines tested by web.test: 12 → 14")]


def test_versions_of_what_both_have_are_compared(tmp_path: Path) -> None:
    old, new = pair(
        tmp_path,
        {"hosts": {"default": {"engine": "20.10.24", "compose": "2.40.3"}, "ci": {"engine": "1", "compose": "2"}}},
        {"hosts": {"default": {"engine": "28.0.0", "compose": "2.40.3"}}},
    )
    assert causes(old, new) == [("version", "Docker Engine: 20.10.24 → 28.0.0")]


def test_what_a_folder_does_not_say_is_named(tmp_path: Path) -> None:
    old, new = run_of(tmp_path, OLD), run_of(tmp_path, NEW, images=[IMAGE])
    (new.folder / "resume.json").unlink()
    assert unknown(old, new) == [
        f"Compose files: run {NEW} has no resume.json with their digests",
        f"images: run {OLD} does not say which it ran",
    ]


@pytest.mark.parametrize("resolved", ["", "- no\n- mapping\n", "a: [", "\x00"])
def test_a_spec_that_cannot_be_read_is_not_compared(tmp_path: Path, resolved: str) -> None:
    old, new = pair(tmp_path, {"resolved": resolved}, {})
    assert causes(old, new) == []
    assert unknown(old, new) == [f"specs: run {OLD} has no plan.json with the values of its spec"]
