"""What all types of the spec share: frozen, no unknown fields, built when first used."""

from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema


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
