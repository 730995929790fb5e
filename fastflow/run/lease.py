"""The lease: while a run uses a BUILD_ID of a token on an engine, no other run does.

A container name is the one thing that an engine creates only once; the container runs as long as the process
that holds it (docs/decisions/0002). What is alive is thus decided without pids, host names or clocks.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fastflow.compose import LABEL
from fastflow.errors import BuildIdInUseError, EngineError
from fastflow.run.at_once import at_once
from fastflow.run.ports import Container, ContainerEvent, Engine, Lease

ROLE = "lease"
EMULATED = f"{LABEL}.emulated"
"""On the leases of a run that uses the emulator."""
INTERRUPT = "USR1"
"""What a lease's container is sent to interrupt its run: it does nothing there, but all that watch events see it."""
_INTERRUPT_NUMBERS = ("10", INTERRUPT)
_TRIES = 10


@dataclass(frozen=True, slots=True, order=True)
class LeaseKey:
    """A token, by its fingerprint, and a BUILD_ID; without BUILD_ID the token alone."""

    token: str
    build_id: str | None

    @property
    def name(self) -> str:
        """The container name that stands for it."""
        text = f"{self.token}\n{'=' + self.build_id if self.build_id is not None else 'alone'}"
        return f"fastflow-lease-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def own_key(run: str) -> LeaseKey:
    """What only this run takes: it excludes nobody, but others see by it that the run lives."""
    return LeaseKey(token_fingerprint(f"run {run}"), run)


def token_fingerprint(token: str) -> str:
    """Stand in for a token where its value must not be seen."""
    return hashlib.sha256(f"fastflow {token}".encode()).hexdigest()[:16]


def take_leases(
    engine: Engine, keys: Iterable[LeaseKey], *, image: str, labels: Mapping[str, str], note: Callable[[str], None]
) -> tuple[Lease, ...]:
    """Take all leases or none, in sorted order, so that two runs can never wait for each other.

    `note` is told at once what is reclaimed from a dead run: another one may take it all the same. Raises
    BuildIdInUseError where a run holds one.
    """
    wanted = sorted(set(keys), key=lambda key: key.name)
    held: list[Lease] = []
    try:
        for key in wanted:
            lease = _take(engine, key, image, labels, note)
            if lease is not None:
                held.append(lease)
        _start(held)
        _exclude_whole_tokens(engine, wanted, labels[f"{LABEL}.run"])
    except BaseException:
        at_once(lambda lease: lease.release(), held)
        raise
    return tuple(held)


def _start(leases: Iterable[Lease]) -> None:
    """Let all run at once: the names are taken, which is what the order is for. Raises the first EngineError."""
    errors: list[EngineError] = []

    def start(lease: Lease) -> None:
        try:
            lease.start()
        except EngineError as error:
            errors.append(error)

    at_once(start, leases)
    if errors:
        raise errors[0]


def is_interruption(event: ContainerEvent, run: str) -> bool:
    """Tell whether an event asks a run to stop."""
    labels = event.labels
    is_lease = labels.get(f"{LABEL}.role") == ROLE and labels.get(f"{LABEL}.run") == run
    return event.action == "kill" and is_lease and labels.get("signal") in _INTERRUPT_NUMBERS


def _take(
    engine: Engine, key: LeaseKey, image: str, labels: Mapping[str, str], note: Callable[[str], None]
) -> Lease | None:
    """Take one lease; None where this run has it, by another name of the same engine."""
    own = {
        **labels,
        f"{LABEL}.role": ROLE,
        f"{LABEL}.token": key.token,
        f"{LABEL}.build-id": key.build_id or "",
    }
    for _ in range(_TRIES):
        lease = engine.hold(key.name, image, own)
        if lease is not None:
            return lease
        for holder in _named(engine, key):
            if holder.is_alive:
                if _run_of(holder) == labels[f"{LABEL}.run"]:
                    return None
                raise _in_use(key, holder)
            engine.remove_containers([holder.id])  # by id: by name it could be the next holder's
            note(f"lease reclaimed: {_said(key)} was held by run {_run_of(holder)}, which is dead")
    raise EngineError(f"the lease of {_said(key)} could not be taken: others come and go", "try again")


def _named(engine: Engine, key: LeaseKey) -> list[Container]:
    found = engine.containers({f"{LABEL}.role": ROLE, f"{LABEL}.token": key.token})
    return [container for container in found if container.name == key.name]


def _exclude_whole_tokens(engine: Engine, keys: Iterable[LeaseKey], run: str) -> None:
    """A node without BUILD_ID excludes every other lease of its token."""
    for token in {key.token for key in keys}:
        alone = any(key.build_id is None for key in keys if key.token == token)
        for other in engine.containers({f"{LABEL}.role": ROLE, f"{LABEL}.token": token}):
            is_alone = not other.labels.get(f"{LABEL}.build-id")
            if other.is_alive and _run_of(other) != run and (alone or is_alone):
                raise _in_use(LeaseKey(token, other.labels.get(f"{LABEL}.build-id") or None), other)


def _run_of(container: Container) -> str:
    return container.labels.get(f"{LABEL}.run", "?")


def _said(key: LeaseKey) -> str:
    return f"BUILD_ID {key.build_id}" if key.build_id is not None else "the token without a BUILD_ID"


def _in_use(key: LeaseKey, holder: Container) -> BuildIdInUseError:
    host = holder.labels.get(f"{LABEL}.host", "?")
    since = (holder.started_at or "?").split(".")[0].removesuffix("Z")
    return BuildIdInUseError(
        f"{_said(key)} is in use on this engine by run {_run_of(holder)} (started on {host}, since {since}Z)",
        "wait for that run, or give this one a BUILD_ID of its own, such as web${FASTFLOW_CI_ID}",
    )
