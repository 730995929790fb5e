"""Docker's command line, executed by python-on-whales, for operations that need the user's contexts and credentials."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fastflow.engines.calls import Calls, Terms
from fastflow.engines.client_config import fault_of
from fastflow.engines.failures import NOT_RUNNING
from fastflow.engines.messages import known, not_found
from fastflow.engines.workers import Order
from fastflow.errors import EngineCallError, EngineUnreachableError

_ANSWERED = "Error response from daemon"
"""The command line's prefix of an engine's message, which shows that the engine was reached."""


@dataclass(frozen=True)
class DockerCli:
    """Makes calls. `environment` is exactly what every call gets; times are seconds.

    `answers` returns whether the engine answers, because not every failure shows that.
    """

    environment: Mapping[str, str] = field(repr=False)
    context: str | None
    calls: Calls
    timeout: float
    answers: Callable[[], bool]

    def require(self) -> None:
        """Raise EngineError if Docker's command line is missing, which every route to an engine needs in the end."""
        if shutil.which("docker", path=self.environment.get("PATH")) is None:
            raise not_found("docker")

    def make(self, order: Order, terms: Terms | None = None, since: int | None = None) -> str:
        """Make a call and return its output; the environment and the context are added to those of `order`.

        `since` is the value of `calls.interrupts` when the work began. Raises EngineCallError.
        """
        try:
            return self.calls.make(self._complete(order), terms or Terms(self.timeout), since)
        except EngineCallError as error:
            is_clear = type(error) is not EngineCallError or error.return_code is None
            if is_clear or _ANSWERED in error.output or known(error.output) or self.answers():
                raise
            facts = error.message, error.hint or NOT_RUNNING, error.command, error.return_code, error.output
            raise EngineUnreachableError(*facts) from None

    def _complete(self, order: Order) -> Order:
        client = {"context": self.context} if self.context else {}
        environment = {**self.environment, **order.environment}
        return replace(order, client={**client, **order.client}, environment=environment)

    def address(self) -> str:
        """Return the address of the context's engine, as in DOCKER_HOST."""
        order = Order("context.inspect", {"context": self.context}, self.context or "", environment=self.environment)
        return self.calls.make(order, Terms(self.timeout))  # not with `make`, which may ask for this address itself

    def pull(self, image: str, timeout: float, platform: str | None = None) -> None:
        """Pull an image, by default for the engine's own platform."""
        order = Order("image.pull", {"x": image, "quiet": True, "platform": platform}, image)
        try:
            self.make(order, Terms(timeout, is_short=False, is_interruptible=True))
        except EngineCallError as error:
            fault = fault_of(self.environment)
            if fault is not None and error.return_code is not None and "docker login" in (error.hint or "docker login"):
                # Without credentials, registries tell Docker that a private image does not exist.
                error.hint = f"{fault.hint} ({fault.message})"
            raise

    def build(
        self, context: Path, image: str, arguments: Mapping[str, str], labels: Mapping[str, str], timeout: float
    ) -> None:
        """Build an image from a directory with a Dockerfile; `arguments` are those of the build."""
        options = {"context_path": str(context), "build_args": dict(arguments), "labels": dict(labels), "tags": image}
        self.make(Order("image.legacy_build", options, image), Terms(timeout, is_short=False))

    def push(self, image: str, timeout: float) -> None:
        """Push an image to its registry."""
        order = Order("image.push", {"x": image, "quiet": True}, image)
        self.make(order, Terms(timeout, is_short=False))

    def require_manifest(self, image: str, *, is_insecure: bool = False) -> None:
        """Ask the registry of an image for it; raises EngineCallError if it is not available.

        A registry without TLS is asked only if it `is_insecure`.
        """
        self.make(Order("manifest.inspect", {"image": image, "insecure": is_insecure}, image))
