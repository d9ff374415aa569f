"""Frozen values: what the core passes around instead of dictionaries, without the import cost of dataclasses."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self, dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda cls: cls


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Value:
    """A bag of named fields that never changes; a change is a new value.

    Subclasses annotate their fields and give defaults as class attributes. Type checkers read them as
    frozen, keyword-only dataclasses; at run time a mistyped field raises TypeError.
    """

    def __init__(self, **fields: Any) -> None:
        names = type(self).__dict__.get("_fields") or type(self)._collect()
        if not names.issuperset(fields):
            wrong = next(name for name in fields if name not in names)
            raise TypeError(f"{type(self).__name__} has no field {wrong!r}")
        self.__dict__.update(fields)

    @classmethod
    def _collect(cls) -> frozenset[str]:
        names = frozenset(n for c in cls.__mro__ for n in c.__dict__.get("__annotations__", ()))  # noqa: RUF063 - inspect is dear
        cls._fields = names  # type: ignore[attr-defined]  # a per-class cache, filled at the first instance
        return names

    def __setattr__(self, name: str, _value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; make a new one with .with_({name}=…)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; {name} cannot be removed")

    def with_(self, **changes: Any) -> Self:
        """The same value with some fields replaced."""
        return type(self)(**{**self.__dict__, **changes})

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        names = type(self)._collect()
        return all(getattr(self, n, None) == getattr(other, n, None) for n in names)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, n, None) for n in sorted(type(self)._collect()))))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({shown})"
