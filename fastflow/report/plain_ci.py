"""Foldable parts and annotations in the logs of CI systems, with a formatter for each, and making texts inert."""

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from fastflow.report.text import clean

Level: TypeAlias = Literal["error", "warning"]
_MARKS = re.compile(r"##(?=\[|(?:vso|teamcity)\[)", re.IGNORECASE)
_COMMAND = re.compile(r"(?m)^(\s*)(?=::)")
_NAME = re.compile(r"[^A-Za-z0-9_.-]")


def inert(text: str) -> str:
    r"""Make a text of others safe in any CI system's log: removes control characters and commands.

    GitHub and Azure read `##[` and `##vso[`, TeamCity `##teamcity[` anywhere in a line, GitHub `::` at its
    beginning; GitLab's sections need the escape character. A backslash removes the meaning and keeps the text readable.
    """
    return _COMMAND.sub(r"\1\\", _MARKS.sub(r"##\\", clean(text)))


def github_command(name: str, properties: Mapping[str, str], message: str) -> str:
    """Write a workflow command of GitHub Actions, escaped as GitHub's own toolkit does."""

    def escaped(text: str) -> str:
        return clean(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))

    values = ((key, escaped(value).replace(":", "%3A").replace(",", "%2C")) for key, value in properties.items())
    return f"::{name} {','.join(f'{key}={value}' for key, value in values)}".rstrip() + f"::{escaped(message)}"


class CiFormat:
    """The format of one CI system; this one is for logs that only people read.

    Texts have one line, and may contain anything; each result is one line or nothing.
    """

    def opened(self, title: str, time: int) -> str:  # noqa: ARG002  # the interface
        """Begin a foldable part with its title; `time` is in seconds since 1970."""
        return inert(title)

    def closed(self, title: str, time: int) -> str:  # noqa: ARG002  # the interface
        """End the part with that title."""
        return ""

    def annotated(self, level: Level, title: str, message: str) -> str:  # noqa: ARG002  # the interface
        """Show a message as the system shows errors; here nothing, because the summary has it."""
        return ""


class GitHub(CiFormat):
    """GitHub Actions: workflow commands (docs.github.com: Workflow commands for GitHub Actions)."""

    def opened(self, title: str, time: int) -> str:  # noqa: ARG002  # the interface
        """Begin a group; groups cannot be nested."""
        return github_command("group", {}, inert(title))

    def closed(self, title: str, time: int) -> str:  # noqa: ARG002  # the interface
        """End it."""
        return "::endgroup::"

    def annotated(self, level: Level, title: str, message: str) -> str:
        """Make an annotation of the job."""
        return github_command(level, {"title": inert(title)}, inert(message))


class GitLab(CiFormat):
    """GitLab CI: sections (docs.gitlab.com: job logs, custom collapsible sections); it has no annotations in logs."""

    def opened(self, title: str, time: int) -> str:
        """Begin a section, folded."""
        return f"\x1b[0Ksection_start:{time}:{self._name(title)}[collapsed=true]\r\x1b[0K{inert(title)}"

    def closed(self, title: str, time: int) -> str:
        """End it."""
        return f"\x1b[0Ksection_end:{time}:{self._name(title)}\r\x1b[0K"

    @staticmethod
    def _name(title: str) -> str:
        """A section's name: the phase at the beginning of the title, without the path after it."""
        return "fastflow_" + _NAME.sub("_", title.partition(":")[0])


class Azure(CiFormat):
    """Azure Pipelines: formatting and logging commands (learn.microsoft.com: Logging commands)."""

    def opened(self, title: str, time: int) -> str:  # noqa: ARG002  # the interface
        """Begin a group."""
        return f"##[group]{inert(title)}"

    def closed(self, title: str, time: int) -> str:  # noqa: ARG002  # the interface
        """End it."""
        return "##[endgroup]"

    def annotated(self, level: Level, title: str, message: str) -> str:
        """Log an issue."""
        text = inert(f"{title}: {message}").replace("%", "%AZP25").replace("\n", "%0A")
        return f"##vso[task.logissue type={level}]{text}"


class TeamCity(CiFormat):
    """TeamCity: service messages (jetbrains.com/help/teamcity: Service Messages)."""

    def opened(self, title: str, time: int) -> str:  # noqa: ARG002  # the interface
        """Begin a block."""
        return f"##teamcity[blockOpened name='{self._value(title)}']"

    def closed(self, title: str, time: int) -> str:  # noqa: ARG002  # the interface
        """End it by its name."""
        return f"##teamcity[blockClosed name='{self._value(title)}']"

    def annotated(self, level: Level, title: str, message: str) -> str:
        """Write a message with a status."""
        text = self._value(f"{title}: {message}")
        return f"##teamcity[message text='{text}' status='{level.upper()}']"

    @staticmethod
    def _value(text: str) -> str:
        return "".join(_TEAMCITY.get(one) or _four_digits(one) for one in clean(text))


def _four_digits(character: str) -> str:
    """TeamCity's escape for non-ASCII characters; it has four digits, so characters that need more become U+FFFD."""
    code = ord(character)
    return character if code < 0x7F else f"|0x{code if code < 0x10000 else 0xFFFD:04X}"


_TEAMCITY: Mapping[str, str] = {"|": "||", "'": "|'", "[": "|[", "]": "|]", "\n": "|n"}
FORMATS: Mapping[str, CiFormat] = {
    "github": GitHub(),
    "gitlab": GitLab(),
    "azure": Azure(),
    "teamcity": TeamCity(),
}
"""By the names that `fastflow.ci.ci_system` returns; all others are logs that only people read."""


def format_for(system: str | None) -> CiFormat:
    """The formatter for a CI system's log."""
    return FORMATS.get(system or "", CiFormat())
