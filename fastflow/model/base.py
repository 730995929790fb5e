"""What all types of the spec share: frozen, no unknown fields, built when first used."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


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
