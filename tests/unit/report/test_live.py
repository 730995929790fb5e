"""What `ps` lists: labels, which whoever has the engine can have written."""

from fastflow.model.compose_keys import LABEL
from fastflow.report.live import runs_as_text
from fastflow.run.survey import look
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine


def test_no_label_speaks_to_the_terminal() -> None:
    engine = FakeEngine()
    odd = {"run": "r\x1b[2J1", "role": "node", "workflow": "w", "node": "re\x9bcord", "mode": "x\x07", "spec": "/s\x1b"}
    labels = {f"{LABEL}.{key}": value for key, value in odd.items()}
    engine.world.start(engine.world.create("c", labels, "image", Script()))
    text = runs_as_text(look({"": engine}).runs)
    assert not {"\x1b", "\x9b", "\x07"} & set(text)
    assert "w.re\ufffdcord" in text


def test_a_node_that_was_only_created_is_not_shown_and_counts_as_no_service() -> None:
    engine = FakeEngine()
    for role, name in (("node", "record"), ("node", "test"), ("service", "app")):
        labels = {"run": "r1", "role": role, "workflow": "web", "node": name, "mode": "testing", "spec": "/s.yml"}
        box = engine.world.create(name, {f"{LABEL}.{key}": value for key, value in labels.items()}, "image", Script())
        if name != "test":
            engine.world.start(box)
    text = runs_as_text(look({"": engine}).runs)
    assert "web.record" in text
    assert "web.test" not in text
    assert "and 1 container of services and sources" in text
    assert "  of /s.yml\n" in text
    assert "  of /s.yml (the spec here)\n" in runs_as_text(look({"": engine}).runs, {"r1"})
