"""Docker's own settings, `config.json`: the values that its command line uses, and their faults."""

import base64
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fastflow.errors import EngineError, system_reason
from fastflow.files import is_file

_SYSTEM_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_PROXIES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "ftpProxy": "FTP_PROXY",
    "noProxy": "NO_PROXY",
    "allProxy": "ALL_PROXY",
}


def home_of(environment: Mapping[str, str]) -> Path:
    """The directory of the settings and of the user's plugins."""
    configured = environment.get("DOCKER_CONFIG")
    return Path(configured) if configured else Path(environment.get("HOME", "/nonexistent")) / ".docker"


def settings_of(environment: Mapping[str, str]) -> dict[str, Any] | None:
    """The settings of Docker's command line; None if they cannot be read."""
    try:
        return _read(home_of(environment) / "config.json")
    except EngineError:
        return None


def uses_default_context(environment: Mapping[str, str]) -> bool:
    """Whether Docker's command line uses its default context, if that is clear without asking it."""
    settings = settings_of(environment)
    chosen = environment.get("DOCKER_CONTEXT") or (settings or {}).get("currentContext") or "default"
    return settings is not None and chosen == "default"


def compose_plugin(environment: Mapping[str, str]) -> str | None:
    """Find the Compose plugin; None if Docker may have another one, in directories of its own."""
    settings = settings_of(environment)
    if settings is None or settings.get("cliPluginsExtraDirs"):
        return None
    return next(compose_plugins(environment), None)


def compose_plugins(environment: Mapping[str, str]) -> Iterator[str]:
    """The files that Docker's command line tries as the Compose plugin, in its order."""
    directories = (home_of(environment) / "cli-plugins", *_SYSTEM_PLUGINS)
    candidates = (Path(directory) / "docker-compose" for directory in directories)
    return (str(path) for path in candidates if is_file(path) and os.access(path, os.X_OK))


def proxy_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that Docker puts into every container that does not set them: those of `proxies`, in both cases."""
    proxies = (settings_of(environment) or {}).get("proxies")
    entries = [entry for entry in proxies.values() if isinstance(entry, dict)] if isinstance(proxies, dict) else []
    names = [name for key, name in _PROXIES.items() if any(entry.get(key) for entry in entries)]
    return tuple(case for name in names for case in (name, name.lower()))


def fault_of(environment: Mapping[str, str]) -> EngineError | None:
    """The fault of the settings. Docker hardly mentions it and pulls without credentials, which then fails."""
    path = home_of(environment) / "config.json"
    try:
        settings = _read(path)
    except EngineError as error:
        return error
    for key, helper in _helpers(settings):
        if shutil.which(f"docker-credential-{helper}", path=environment.get("PATH")) is None:
            said = f"docker-credential-{helper}, which {key} in {path} names, is not on the PATH"
            return EngineError(said, f"install docker-credential-{helper}, or remove {key} from that file")
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_bytes() or b"{}")
    except FileNotFoundError:
        return {}
    except OSError as error:
        hint = "let this user read it: Docker takes its contexts and credentials from there"
        raise EngineError(f"{path} cannot be read: {system_reason(error)}", hint) from None
    except ValueError as error:
        hint = "fix it: until then, Docker ignores its contexts and credentials"
        raise EngineError(f"{path} is not JSON: {error}", hint) from None
    if not isinstance(settings, dict):
        raise EngineError(f"{path} is not a JSON object", "fix it: until then, Docker ignores it")
    return settings


def _helpers(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The credential helpers that the settings name, each with its key."""
    store, others = settings.get("credsStore"), settings.get("credHelpers")
    if isinstance(store, str) and store:
        yield "credsStore", store
    for registry, helper in others.items() if isinstance(others, dict) else ():
        yield f"credHelpers.{registry}", str(helper)


def registry_login(environment: Mapping[str, str], image: str) -> str | None:
    """The login in the settings for an image's registry, as the header X-Registry-Auth; None without one.

    Logins in a credential helper are not read.
    """
    first, slash, _ = image.partition("/")
    is_registry = bool(slash) and ("." in first or ":" in first or first == "localhost")
    server = first if is_registry else "https://index.docker.io/v1/"
    login = ((settings_of(environment) or {}).get("auths") or {}).get(server) or {}
    try:
        user, _, password = base64.b64decode(login.get("auth", "")).decode().partition(":")
    except ValueError:
        return None
    login = {"username": user, "password": password, "serveraddress": server}
    return base64.urlsafe_b64encode(json.dumps(login).encode()).decode() if user else None
