"""The ways of the lines in a picture of the DAG: along rows where they are free, else through gaps and gutters."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby

from fastflow.report.graph_drawing import Drawing, DrawnEdge
from fastflow.report.graph_grid import Grid


@dataclass(frozen=True, slots=True)
class Route:
    """One way: straight on; or up or down in the gutter behind the first box (`rise`), and from there along the
    other's row; or along a gap (`run`: its strip and the track there) and once more up or down before the other
    (`fall`). Lines of one origin share a track until they part; so do those that fall to one end.
    """

    edge: DrawnEdge
    from_strip: int
    to_strip: int
    rise: str | None = None
    run: tuple[int, str] | None = None
    fall: str | None = None


class Channel:
    """Parallel tracks in one gutter or gap, numbered so that no two that overlap are one.

    The first number of a rank makes groups that share no track: what falls to a box does so behind (right of) all
    that rises, so that no line that comes out of a box meets one on its row before it turns.
    """

    def __init__(self) -> None:
        self._spans: dict[str, tuple[int, int]] = {}
        self._ranks: dict[str, tuple[int, int]] = {}
        self._numbers: dict[str, int] | None = None

    def use(self, key: str, start: int, end: int, rank: tuple[int, int] = (0, 0)) -> None:
        """Need the track of this key from `start` to `end`; a lower rank comes first where there is a choice."""
        low, high = self._spans.get(key, (start, start))
        self._spans[key] = (min(low, start, end), max(high, start, end))
        self._ranks.setdefault(key, rank)

    def number(self, key: str) -> int:
        """The number of a track, from 0."""
        return self._all[key]

    @property
    def count(self) -> int:
        """How many tracks there are."""
        return max(self._all.values(), default=-1) + 1

    @property
    def _all(self) -> dict[str, int]:
        if self._numbers is None:
            self._numbers = self._numbered()
        return self._numbers

    def _numbered(self) -> dict[str, int]:
        numbers: dict[str, int] = {}
        tracks: list[list[tuple[int, int]]] = []
        for _, keys in groupby(sorted(self._spans, key=self._ranks.__getitem__), lambda key: self._ranks[key][0]):
            first = len(tracks)
            for key in keys:
                low, high = self._spans[key]
                at = next((at for at in range(first, len(tracks)) if _is_free(tracks[at], low, high)), len(tracks))
                tracks += [[]] if at == len(tracks) else []
                tracks[at].append((low, high))
                numbers[key] = at
        return numbers


def _is_free(spans: list[tuple[int, int]], low: int, high: int) -> bool:
    return all(high < start or end < low for start, end in spans)


def find_routes(drawing: Drawing, grid: Grid) -> tuple[list[Route], list[Channel], dict[int, Channel]]:
    """Find a way for each edge; also gives the channels of the gutters (by the column before) and of the gaps."""
    router = _Router(drawing, grid)
    return [router.route(edge) for edge in drawing.edges], router.gutters, dict(router.gaps)


class _Router:
    def __init__(self, drawing: Drawing, grid: Grid) -> None:
        self.grid = grid
        self.gutters = [Channel() for _ in range(grid.columns)]
        self.gaps: defaultdict[int, Channel] = defaultdict(Channel)
        turning = {edge.before for edge in drawing.edges if not self._is_straight(edge)}
        self._turning = {(grid.column[name], grid.strip[name]) for name in turning}
        """The cells out of which a line comes that turns in the gutter."""

    def _is_straight(self, edge: DrawnEdge) -> bool:
        return self.grid.strip[edge.before] == self.grid.strip[edge.after] and self._is_free_before(edge)

    def _is_free_before(self, edge: DrawnEdge) -> bool:
        columns = range(self.grid.column[edge.before] + 1, self.grid.column[edge.after])
        return self.grid.is_free(columns, self.grid.strip[edge.after])

    def route(self, edge: DrawnEdge) -> Route:
        """Go along the row of the end where that is free, and no other line comes out on it to turn."""
        start, end = self.grid.column[edge.before], self.grid.column[edge.after]
        here, there = self.grid.strip[edge.before], self.grid.strip[edge.after]
        if self._is_straight(edge):
            return Route(edge, here, there)
        origin = f"{'implied' if edge.is_implied else 'declared'} from {edge.before}"
        if self._is_free_before(edge) and (start, there) not in self._turning:
            self.gutters[start].use(origin, here, there, _rank(here, there))
            return Route(edge, here, there, origin)
        run = there - 1 if here < there else there + 1
        target = f"to {edge.after}"
        self.gutters[start].use(origin, here, run, _rank(here, run))
        self.gaps[run].use(origin, start, end - 1)
        self.gutters[end - 1].use(target, run, there, (1, there))
        return Route(edge, here, there, origin, (run, origin), target)


def _rank(here: int, there: int) -> tuple[int, int]:
    """Lines that go down: the lowest is the leftmost, so that none crosses another's start; upwards the reverse."""
    return 0, (-here if there > here else here)
