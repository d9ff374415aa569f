"""What one plugin is given: variables over secret files over secrets.toml over its table."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import BaseModel, SecretBytes, SecretStr

from tm.config.core import PLUGIN_PREFIX, plugin_variables
from tm.config.files import lay_over, origin_of, read_text
from tm.config.lines import dotted, where
from tm.config.problems import field_at, first_problem, mentions, model_inside, names_beside, settings_of, suggestion
from tm.config.redact import Redactor
from tm.config.secrets import FILE_NAME, read
from tm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError

    from tm.config.schema import FullSettings

Keys = tuple[str | int, ...]

_SECRETS = (SecretStr, SecretBytes)


def laid(name: str, model: type[BaseModel], full: FullSettings) -> Binding:
    """Everything a hub says to one plugin. Raises ConfigError, one sentence without any value."""
    binding = Binding(name, model, table=full.plugins.get(name, {}), origins=full.plugin_origins(name))
    binding.lay(read(full.place).get(name, {}), full.environ)
    return binding


class Binding:
    """The values one plugin is given, laid over each other, and where each came from.

    `origins` names the file of each key of `table`, then also variables and secrets.toml. An empty variable
    counts as unset. Raises ConfigError for an unknown variable and for a file that cannot be read.
    """

    def __init__(
        self, name: str, model: type[BaseModel], *, table: Mapping[str, Any], origins: Mapping[str, str]
    ) -> None:
        self.name, self.model = name, model
        self.values: dict[str, Any] = {}
        self.origins = dict(origins)
        lay_over(self.values, table, origins={}, where="")
        if odd := next((key for key in self.values if key.startswith("_")), None):
            raise ConfigError(f"{self._spot(odd)}: [plugins.{self.name}] {odd} is not a setting")

    def lay(self, secrets: Mapping[str, str], environ: Mapping[str, str]) -> None:
        """Put what secrets.toml says over the table, then what secret files say, then the variables."""
        variables = self._variables(environ)
        pointers = list(_pointers(self.values, self.model))
        lay_over(self.values, secrets, origins=self.origins, where=FILE_NAME)
        for container, at in pointers:
            self._follow(container, at, is_overruled=_without_suffix(at) in variables)
        for place in sorted(variables, key=len):
            self._lay_variable(variables[place], place, text=environ[variables[place]])
        said, rivals = set(self.values), getattr(self.model, "rivals", {})
        for variable, key in getattr(self.model, "variables", {}).items():
            if environ.get(variable) and not said & {key, *rivals.get(key, ())}:
                lay_over(self.values, {key: environ[variable]}, origins=self.origins, where=variable)

    def sentence(self, error: ValidationError) -> str:
        """What pydantic found wrong first, without any secret."""
        place, sentence = first_problem(error, self.model)
        if sentence.endswith(" is missing"):
            sentence += f"; set it {self._where_to_set(place)}"
        spot, section = self._spot(dotted(place)), f"[plugins.{self.name}]"
        text = f"{section} {sentence}" if spot == section else f"{spot}: {section} {sentence}"
        return Redactor(_secret_texts(self.values, self.model)).clean(text)

    def _where_to_set(self, place: tuple[str | int, ...]) -> str:
        variable = self._variable(place)
        field = settings_of(self.model).get(str(place[0])) if len(place) == 1 else None
        if field is not None and mentions(field.annotation, _SECRETS):
            return f"with: tm config secret {self.name}.{place[0]} (or as {variable})"
        return f"under [plugins.{self.name}] or as {variable}"

    def _variables(self, environ: Mapping[str, str]) -> dict[Keys, str]:
        """The variable that fills each place; one with the value wins over one that names a file."""
        direct: dict[Keys, str] = {}
        pointing: dict[Keys, str] = {}
        for variable, name, key in plugin_variables(environ):
            place = tuple(key.split("__"))
            if name == self.name and _is_pointer(self.model, place):
                pointing[_without_suffix(place)] = variable
            elif name == self.name:
                direct[place] = variable
        return pointing | direct

    def _follow(self, container: dict[str, Any], at: Keys, *, is_overruled: bool) -> None:
        """Put the content of the file that `<key>_file` names in the place of `<key>`."""
        pointer = str(at[-1])
        spot, origin = self._spot(dotted(at)), origin_of(self.origins, dotted(at)) or ""
        path = container.pop(pointer)
        if is_overruled:
            self.origins.pop(dotted(at), None)
            return
        if not isinstance(path, str):
            raise ConfigError(f"{spot}: [plugins.{self.name}] {dotted(at)} should be the path of a file")
        key = pointer.removesuffix("_file")
        container[key] = _content(str(Path(origin).parent / path), spot)
        self.origins |= {dotted(at): origin, dotted((*at[:-1], key)): origin}

    def _lay_variable(self, variable: str, place: Keys, *, text: str) -> None:
        annotation = self._annotation(variable, place)
        is_direct = variable.lower().endswith("__" + str(place[-1]))
        value: Any = _value(text, annotation, variable) if is_direct else _content(text, variable)
        for part in reversed(place):
            value = {part: value}
        lay_over(self.values, value, origins=self.origins, where=variable)

    def _annotation(self, variable: str, place: Keys) -> Any:
        """The type a variable fills. Raises ConfigError when there is no such setting."""
        annotation: Any = self.model
        for number, part in enumerate(place):
            inner = _table_type(annotation)
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                fields = settings_of(inner)
                if part not in fields:
                    known = [self._variable((*place[:number], field)) for field in fields]
                    raise ConfigError(f"{variable} is not a setting{suggestion(variable, known)}")
                annotation = fields[str(part)].annotation
            elif inner is None:
                raise ConfigError(f"{variable} reaches into {dotted(place[:number])}, which is not a table")
            else:
                annotation = (*typing.get_args(inner), Any, Any)[1]
        return annotation

    def _variable(self, place: Keys) -> str:
        return f"{PLUGIN_PREFIX}{self.name}__{'__'.join(map(str, place))}".upper()

    def _spot(self, key: str) -> str:
        """Where a key stands: the variable, or file and line."""
        origin = origin_of(self.origins, key) if key else next(iter(self.origins.values()), None)
        if origin is None:
            return f"[plugins.{self.name}]"
        return where(origin, f"plugins.{self.name}.{key}".rstrip(".")) if "/" in origin else origin


def _pointers(value: Any, model: type[BaseModel], at: Keys = ()) -> Iterator[tuple[dict[str, Any], Keys]]:
    """Every `<key>_file` of a table and the tables in it whose `<key>` is a secret."""
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _pointers(entry, model, (*at, number))
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        field = model.model_fields.get(key)
        if field is None and _is_pointer(model, (key,)):
            yield value, (*at, key)
        elif field and (table := model_inside(field.annotation)):
            yield from _pointers(inner, table, (*at, key))


def _is_pointer(model: type[BaseModel], place: Keys) -> bool:
    secret = _without_suffix(place)
    names = names_beside(model, place)
    if secret == place or place[-1] in names or secret[-1] not in names:
        return False
    field = field_at(model, secret)
    return field is not None and mentions(field.annotation, _SECRETS)


def _without_suffix(place: Keys) -> Keys:
    return (*place[:-1], str(place[-1]).removesuffix("_file"))


def _content(path: str, spot: str) -> str:
    try:
        return read_text(path).strip()
    except ConfigError as error:
        raise ConfigError(f"{spot}: {error}") from None


def _value(text: str, annotation: Any, variable: str) -> Any:
    """A variable's text as what pydantic expects of a type: lists are JSON or commas, tables JSON."""
    shapes = [typing.get_origin(each) or each for each in _alternatives(annotation)]
    is_list = any(_is_kind(shape, (list, tuple, set, frozenset)) for shape in shapes)
    is_table = any(_is_kind(shape, (Mapping, dict, BaseModel)) for shape in shapes)
    starts = text.lstrip()[:1]
    if (is_list and starts == "[") or (is_table and starts == "{"):
        try:
            return loads(text)
        except (ValueError, RecursionError):
            raise ConfigError(f'{variable} is not right JSON. Example: {variable}=\'["a", "b"]\'') from None
    if is_list and str not in shapes:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _alternatives(annotation: Any) -> list[Any]:
    """The types a value may have, without `Annotated` around them and without None."""
    if typing.get_origin(annotation) is Annotated:
        return _alternatives(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (Union, types.UnionType):
        return [each for arm in typing.get_args(annotation) for each in _alternatives(arm)]
    return [] if annotation is type(None) else [annotation]


def _table_type(annotation: Any) -> Any:
    """The model or the mapping among the types a value may have, or None."""
    kinds = (Mapping, dict, BaseModel)
    return next((a for a in _alternatives(annotation) if _is_kind(typing.get_origin(a) or a, kinds)), None)


def _is_kind(shape: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(shape, type) and issubclass(shape, kinds)


def _secret_texts(value: Any, model: type[BaseModel] | None) -> list[str]:
    """Every text in the raw values that stands where the model expects a secret."""
    if isinstance(value, list):
        return [text for entry in value for text in _secret_texts(entry, model)]
    if not isinstance(value, dict):
        return [str(value)] if model is None else []
    found = []
    for key, inner in value.items():
        field = model.model_fields.get(key) if model else None
        if model is None or (field and mentions(field.annotation, _SECRETS) and not model_inside(field.annotation)):
            found += _secret_texts(inner, None)
        elif field and (table := model_inside(field.annotation)):
            found += _secret_texts(inner, table)
    return found
