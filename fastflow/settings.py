"""How a plan is run: under which id, against which cloud, what is kept, and how long its end may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Emulation:
    """The emulator's replacements for the node image and the cloud."""

    image: str
    api_host: str
    network: str


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a plan is run. `run` is the run's id, `spec` names the spec on engines; times are in seconds.

    CI systems kill a process some 7 s after their first signal. A cancelled run therefore stops its nodes within
    `cancel_grace`, kills what still runs `cancel_limit` after the signal, and uses the rest of the time to clean up.
    """

    run: str
    spec: str
    env_files: tuple[str, ...] = ()
    """The `--env-file`s in the order in which Compose gets them: later ones override earlier ones."""
    emulation: Emulation | None = None
    cloud_urls: Mapping[str, str] = field(default_factory=dict)
    """The address at which this machine reaches a workflow's cloud, by the workflow's name."""
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The tokens by the variables that hold them, if they are set."""
    source_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The caller's environment as the commands of sources see it: no variable in it holds a token."""
    host_limits: Mapping[str, int] = field(default_factory=dict)
    """The maximum number of phases at once on a host, if it has a limit."""
    keep: bool = False
    fail_fast: bool = False
    wait_lease: float | None = None
    """How long a run waits for a BUILD_ID that another run uses; None: it does not wait."""
    wait_lease_by: str = "--wait-lease"
    """The option or field that set the wait, for messages."""
    cancel_in_progress: bool = False
    """Whether a run interrupts another that uses its BUILD_ID, and may be interrupted in the same way."""
    stop_grace: float = 10.0
    cancel_grace: float = 3.0
    cancel_limit: float = 4.0
