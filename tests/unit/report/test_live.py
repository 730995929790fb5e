"""What `ps` lists: labels, which whoever has the engine can have written."""

from fastflow.compose import LABEL
from fastflow.engines.fake import FakeEngine
from fastflow.engines.fake_containers import Script
from fastflow.report.live import runs_as_text
from fastflow.run.survey import look


def test_no_label_speaks_to_the_terminal() -> None:
    engine = FakeEngine()
    odd = {"run": "r\x1b[2J1", "role": "node", "workflow": "w", "node": "re\x9bcord", "mode": "x\x07", "spec": "/s\x1b"}
    engine.world.create("c", {f"{LABEL}.{key}": value for key, value in odd.items()}, "image", Script())
    text = runs_as_text(look({"": engine}).runs)
    assert not {"\x1b", "\x9b", "\x07"} & set(text)
    assert "w.re\ufffdcord" in text
