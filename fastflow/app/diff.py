"""`fastflow diff`: two runs, found as `report` finds one, and compared."""

from fastflow.app.specs import directory_of_runs
from fastflow.record.archive import find_run, read_archive
from fastflow.record.place import RunsDir
from fastflow.report.diff.comparison import Comparison, compare


def compare_runs(old: str, new: str | None, runs_dir: RunsDir) -> Comparison:
    """Compare a run with another one, by default the last of the spec here; raises UsageError if one is missing."""
    here = directory_of_runs()
    return compare(*(read_archive(find_run(name, here, runs_dir)) for name in (old, new)))
