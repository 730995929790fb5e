"""How a plan is run: under which id, against which cloud, what stays, and how long an end may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Emulation:
    """What the emulator puts in the place of the node image and of the cloud."""

    image: str
    api_host: str
    network: str


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a plan is run. `run` is the run's id, `spec` names the spec on engines; times are in seconds.

    CI systems kill some 7 s after their first signal. A cancelled run thus stops its nodes within `cancel_grace`,
    kills what still runs `cancel_limit` after the signal, and has the rest of the time to remove what it made.
    """

    run: str
    spec: str
    env_files: tuple[str, ...] = ()
    """The `--env-file`s as Compose gets them, from the weakest to the strongest."""
    emulation: Emulation | None = None
    cloud_urls: Mapping[str, str] = field(default_factory=dict)
    """Where this machine reaches the cloud of a workflow, by the workflow's name."""
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The tokens by the variables that hold them, if they are set."""
    source_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the commands of sources see of the caller's environment: nothing in it holds a token."""
    host_limits: Mapping[str, int] = field(default_factory=dict)
    """How many phases at once a host takes, if it has a limit."""
    keep: bool = False
    fail_fast: bool = False
    wait_lease: float | None = None
    """How long a run waits for a BUILD_ID that another one uses; None: it does not wait."""
    wait_lease_by: str = "--wait-lease"
    """What says so, for messages."""
    cancel_in_progress: bool = False
    """Whether a run interrupts one that uses its BUILD_ID, and lets itself be interrupted so."""
    stop_grace: float = 10.0
    cancel_grace: float = 3.0
    cancel_limit: float = 4.0
