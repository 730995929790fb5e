"""The pace of a test run: requests per second and the time that is left, by a clock of the test's own."""

import pytest

from fastflow.record.events import Progress
from fastflow.report.tty_progress import Pace, progress_bar


def sent(requests: int | None, left: int | None = None) -> Progress:
    return Progress("web.test", baselines_done=1, baselines=4, requests=requests, seconds_left=left)


def paced(*told: tuple[float, int | None]) -> Pace:
    pace = Pace()
    for at, requests in told:
        pace = pace.after(sent(requests), at)
    return pace


@pytest.mark.parametrize(
    ("told", "now", "rate"),
    [
        ((), 1.0, None),
        (((0.0, 10),), 1.0, None),
        (((0.0, 10), (2.0, 30)), 2.0, 10.0),
        (((0.0, 10), (2.0, 30)), 4.0, 5.0),
        (((0.0, 0), (20.0, 100), (30.0, 200)), 30.0, 10.0),
        (((0.0, 0), (100.0, 200)), 100.0, 2.0),
        (((0.0, 90), (1.0, 10)), 2.0, None),
        (((0.0, 90), (1.0, 10), (3.0, 20)), 3.0, 5.0),
        (((0.0, 10), (1.0, None), (2.0, 30)), 2.0, 10.0),
        (((1.0, 10), (1.0, 20)), 1.0, None),
    ],
)
def test_rate_is_of_the_last_seconds(
    told: tuple[tuple[float, int | None], ...], now: float, rate: float | None
) -> None:
    assert paced(*told).requests_per_second(now) == rate


@pytest.mark.parametrize(
    ("left", "now", "shown"), [(None, 5.0, None), (0, 5.0, None), (20, 15.0, 10.0), (20, 25.0, None)]
)
def test_time_left_runs_down_between_two_answers(left: int | None, now: float, shown: float | None) -> None:
    assert Pace().after(sent(1, left), 5.0).seconds_left(now) == shown


def test_the_last_part_of_a_second_is_not_none() -> None:
    drawn = progress_bar(Pace().after(sent(1, 20), 5.0), 24.8, 100, "utf-8")
    assert drawn is not None
    assert drawn.plain.endswith("1 of 4, 1s left")


def test_figures_follow_the_bar() -> None:
    pace = paced((0.0, 0)).after(
        Progress("web.test", baselines_done=1, baselines=4, requests=41, vulnerabilities=2, seconds_left=90), 2.0
    )
    drawn = progress_bar(pace, 2.0, 80, "utf-8")
    assert drawn is not None
    assert drawn.plain == "━━╸─────── 1 of 4, 20 req/s, 1m30s left, 2 vulnerabilities"


@pytest.mark.parametrize("told", [Progress("web.test"), Progress("web.test", baselines=0, baselines_done=0)])
def test_no_bar_without_baselines(told: Progress) -> None:
    assert progress_bar(Pace().after(told, 0.0), 0.0, 80, "utf-8") is None
