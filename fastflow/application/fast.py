"""FAST services of the user's own: fastflow's nodes take their place (docs: the spec, Workflow)."""

import re

from fastflow.application.model import Application, Service
from fastflow.spec.template import TemplateError, parse_template, resolve

_FAST_IMAGE = re.compile(r"(?:[^/]+/)*wallarm/fast(?::[^/@]*)?(?:@.+)?")
TOKEN_VARIABLE = "WALLARM_API_TOKEN"  # noqa: S105  # a name


def is_fast_service(service: Service) -> bool:
    """Tell whether a service is a FAST node: by its image of any registry or tag, or by its token."""
    return TOKEN_VARIABLE in service.environment or bool(_FAST_IMAGE.fullmatch(_image(service)))


def _image(service: Service) -> str:
    """The image as it is where no variable is set, such as the registry, the tag, or the whole with its default."""
    written = service.image or ""
    try:
        image = resolve(parse_template(written), lambda _: None, stand_in="")
    except TemplateError:
        image = written
    return image.lstrip("/")


def without_fast(application: Application) -> Application:
    """Leave the FAST services out, with every dependency on them."""
    fast = [name for name, service in application.services.items() if is_fast_service(service)]
    return application.without(fast) if fast else application
