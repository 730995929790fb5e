"""FAST services of the user's own: fastflow's nodes take their place (docs: the spec, Workflow)."""

import re

from fastflow.application.model import Application, Service

_FAST_IMAGE = re.compile(r"(?:[^/]+/)*wallarm/fast(?::[^/@]+)?(?:@.+)?")
TOKEN_VARIABLE = "WALLARM_API_TOKEN"  # noqa: S105  # a name


def is_fast_service(service: Service) -> bool:
    """Tell whether a service is a FAST node: by its image of any registry or tag, or by its token."""
    return TOKEN_VARIABLE in service.environment or bool(service.image and _FAST_IMAGE.fullmatch(service.image))


def without_fast(application: Application) -> Application:
    """Leave the FAST services out, with every dependency on them."""
    fast = [name for name, service in application.services.items() if is_fast_service(service)]
    return application.without(fast) if fast else application
