"""Jobs partition the phases of a spec, and keep its order: nothing overlaps that may not."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.jobs.splitting import connected, jobs_of, one_job, plain
from fastflow.plan.making import Selection
from tests.unit.jobs.pipelines import node, read, spec_of

RECORD, TEST, REPORT = node("recording"), node("testing"), node("report")
BOTH = {"record": RECORD, "test": TEST}


def names(text: str) -> dict[str, tuple[str, ...]]:
    """The jobs of a spec, with what they need."""
    return {job.name: job.needs for job in jobs_of(read(text))}


def test_a_workflow_is_a_job() -> None:
    assert names(spec_of(web=BOTH, api=BOTH)) == {"fast-web": (), "fast-api": ()}


def test_one_workflow_is_one_job_that_selects_nothing() -> None:
    assert jobs_of(read(spec_of(web=BOTH))) == one_job(read(spec_of(web=BOTH)))


def test_a_test_after_the_test_of_another_workflow_makes_one_job_need_the_other() -> None:
    text = spec_of(web=BOTH, api={**BOTH, "test": node("testing", depends_on="[web.test]")})
    assert names(text) == {"fast-web": (), "fast-api": ("fast-web",)}


def test_a_workflow_is_split_where_another_needs_its_recording_alone() -> None:
    text = spec_of(web=BOTH, policy={"test": node("testing", test_record="web.record")})
    assert names(text) == {
        "fast-web-recording": (),
        "fast-web-testing": ("fast-web-recording",),
        "fast-policy": ("fast-web-recording",),
    }
    assert [job.only for job in jobs_of(read(text))] == ["recording", "testing", None]


def test_a_report_is_a_job_of_its_own_in_a_workflow_that_is_split() -> None:
    text = spec_of(web={**BOTH, "report": REPORT}, policy={"test": node("testing", test_record="web.record")})
    assert names(text)["fast-web-report"] == ("fast-web-testing",)


def test_a_workflow_that_only_records_needs_no_split() -> None:
    text = spec_of(web={"record": RECORD}, policy={"test": node("testing", test_record="web.record")})
    assert names(text) == {"fast-web": (), "fast-policy": ("fast-web",)}


def test_workflows_that_wait_for_one_another_in_turn_are_one_job() -> None:
    again = node("testing", depends_on="[b.test]", test_record_id="r")
    turn = spec_of(
        a={"one": node("testing", test_record_id="r"), "two": again},
        b={"test": node("testing", depends_on="[a.one]", test_record_id="r")},
        c=BOTH,
    )
    jobs = {job.name: job for job in jobs_of(read(turn))}
    assert jobs.keys() == {"fast-a", "fast-c"}
    assert (jobs["fast-a"].workflows, jobs["fast-a"].note) == (
        ("a", "b"),
        "a and b in one job: their phases wait for one another in turn.",
    )


def test_a_recording_that_another_workflow_comes_before_is_split_from_what_that_one_waits_for() -> None:
    early = {"record": RECORD, "test": node("testing", depends_on="[b.record]")}
    text = spec_of(a=early, b={"record": node("recording", depends_on="[a.record]"), "test": TEST})
    assert names(text) == {
        "fast-a-recording": (),
        "fast-b-recording": ("fast-a-recording",),
        "fast-a-testing": ("fast-a-recording", "fast-b-recording"),
        "fast-b-testing": ("fast-b-recording",),
    }


def test_a_har_record_stays_in_the_job_that_makes_it() -> None:
    har = node("recording", recorder="har")
    scans = node("testing", scanner="sarif", image="s", test_record="web.record")
    (job,) = jobs_of(read(spec_of(web={"record": har}, policy={"test": scans})))
    assert job.phases == ("web.record", "policy.test")
    assert job.note == "web and policy in one job: a HAR record is a private file of the run that makes it."


def test_a_cluster_gets_its_workflows_from_one_job() -> None:
    head = "hosts: { farm: { context: c, swarm: true }, near: { context: d } }"
    text = spec_of(head, a=BOTH, b=BOTH, c=BOTH)
    for name, host in (("a", "farm"), ("b", "near"), ("c", "farm")):
        text = text.replace(f"  {name}:\n", f"  {name}:\n    host: {host}\n")
    assert {job.workflows for job in jobs_of(read(text))} == {("a", "c"), ("b",)}


def test_names_stay_distinct_in_letters_and_digits() -> None:
    text = spec_of(
        **{"web-recording": BOTH, "web": BOTH, "web_recording": BOTH},
        p={"t": node("testing", test_record="web.record")},
    )
    found = [plain(name) for name in names(text.replace("web-recordingx", "w3x"))]
    assert len(set(found)) == len(found) == 5


def test_jobs_that_need_one_another_are_one_where_none_can_follow_one_that_failed() -> None:
    text = spec_of(web=BOTH, api={**BOTH, "test": node("testing", depends_on="[web.test]")}, shop=BOTH)
    jobs = connected(jobs_of(read(text)))
    assert [(job.workflows, job.needs) for job in jobs] == [(("web", "api"), ()), (("shop",), ())]


@st.composite
def specs(draw: st.DrawFn) -> str:
    """Specs without cycles: a phase waits for those before it in a hidden order, which is not that of the file."""
    choice = random.Random(draw(st.integers()))
    workflows = {
        f"w{at}": choice.sample(["record", "test", "more", "report"], choice.randint(1, 4))
        for at in range(choice.randint(1, 5))
    }
    ranks = {"record": 0.0, "test": 1.0, "more": 1.0, "report": 2.0}
    rank = {
        f"{flow}.{name}": ranks[name] + choice.random() * 0.9 + choice.choice((0, 0, 1)) * 3
        for flow, names in workflows.items()
        for name in names
    }
    for flow in workflows:  # within a workflow, the data's own order
        last = 0.0
        for name in ("record", "test", "more", "report"):
            if f"{flow}.{name}" in rank:
                last = rank[f"{flow}.{name}"] = max(last + 0.001, rank[f"{flow}.{name}"])
    kind = choice.choice(("fast", "har"))
    found: dict[str, dict[str, str]] = {}
    for flow, members in workflows.items():
        found[flow] = {}
        for name in members:
            before = [one for one in rank if rank[one] < rank[f"{flow}.{name}"] and choice.random() < 0.2]
            fields = {"depends_on": f"[{', '.join(before)}]"} if before else {}
            found[flow][name] = _node(name, kind, members, [one for one in before if one.endswith(".record")], fields)
    return spec_of(**found)


def _node(name: str, kind: str, members: list[str], records: list[str], fields: dict[str, str]) -> str:
    if name == "report":
        return node("report", **fields)
    if name == "record":
        return node("recording", recorder=kind, **fields)
    fields |= {"scanner": "sarif", "image": "s"} if kind == "har" else {}
    if records:
        fields["test_record"] = records[0]
    elif "record" not in members:
        fields["test_record"] = "external" if kind == "fast" else "w0.record"
    return node("testing", **fields)


@settings(max_examples=150, deadline=None)
@given(specs())
def test_jobs_partition_the_phases_and_keep_their_order(text: str) -> None:
    facts = read(text)
    if facts.graph.cycles or facts.graph.dangling:
        return
    jobs = jobs_of(facts)
    assert sorted(name for job in jobs for name in job.phases) == sorted(facts.graph.phases)
    home = {name: job for job in jobs for name in job.phases}
    seen: set[str] = set()
    for job in jobs:
        assert set(job.needs) <= seen, "a job comes before one that it needs"
        seen.add(job.name)
        selection = Selection(job.workflows, job.only)
        assert {phase.id for phase in facts.phases if selection.includes(phase)} == set(job.phases)
    for edge in facts.graph.edges:
        before, after = home[edge.before], home[edge.after]
        assert before is after or before.name in after.needs
        is_file = edge.reason in ("build_id", "test_record") and not facts.graph.phases[edge.after].traits.uses_cloud
        assert before is after or not is_file
    assert len({plain(job.name) for job in jobs}) == len(jobs)
    merged = connected(jobs)
    assert sorted(name for job in merged for name in job.phases) == sorted(facts.graph.phases)
    assert not any(job.needs for job in merged)
