"""What all types of the spec share: frozen, no unknown fields, built when first used. The first import of pydantic."""

import importlib
import sys
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema


class _NoPlugins(ModuleType):
    """Stands in for pydantic's loader of plugins: none has a say in a spec, and its imports take 15 ms.

    PYDANTIC_DISABLE_PLUGINS would save the search, but not the imports.
    """

    get_plugins = tuple[Any, ...]

    def __getattr__(self, name: str) -> Any:
        """Hand over to the real one as soon as anything else is asked of it."""
        if name.startswith("__"):
            raise AttributeError(name)
        del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


sys.modules.setdefault("pydantic.plugin._loader", _NoPlugins("pydantic.plugin._loader"))


class SpecModel(BaseModel):
    """A mapping of fastflow's own in a spec."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_not_set(cls, data: Any) -> Any:
        """`~`, `null` and nothing mean "not set", whatever the field (CONTRACT.md, Values)."""
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None or name not in cls.model_fields}


class Opaque:
    """Annotates a class that validators make: pydantic need not know what its instances hold, which takes it 20 ms."""

    def __get_pydantic_core_schema__(self, source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(source)
