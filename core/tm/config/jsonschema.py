"""The JSON Schema with which editors complete and check a settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.config.schema import HubFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel


def json_schema(plugin_models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """The schema of tm.toml with these plugins' settings by plugin name; other plugins may say anything.

    Nothing is required: a value may come from a variable.
    """
    schema = HubFile.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    sections = {}
    for name, model in plugin_models.items():
        part = model.model_json_schema(ref_template=f"#/$defs/plugin_{name}_{{model}}")
        inner = part.pop("$defs", {})
        definitions |= {f"plugin_{name}_{key}": each for key, each in inner.items()}
        definitions[f"plugin_{name}"] = part
        sections[name] = {"$ref": f"#/$defs/plugin_{name}"}
    schema["properties"]["plugins"] |= {"properties": sections, "additionalProperties": {"type": "object"}}
    loosened: dict[str, Any] = _loosened(schema)
    return {**loosened, "title": "tm.toml"}


def _loosened(node: Any) -> Any:
    """A schema without `required`, without null (TOML has none) and with `<key>_file` beside each secret."""
    if isinstance(node, list):
        return [_loosened(each) for each in node]
    if not isinstance(node, dict):
        return node
    loose = {key: _loosened(each) for key, each in node.items() if key not in ("required", "properties")}
    if "properties" in node:
        loose["properties"] = _properties(node["properties"])
    if loose.get("default", "") is None:
        del loose["default"]
    arms = [arm for arm in loose.pop("anyOf", []) if arm != {"type": "null"}]
    return {**arms[0], **loose} if len(arms) == 1 else {**loose, **({"anyOf": arms} if arms else {})}


def _properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    loose = {key: _loosened(each) for key, each in properties.items()}
    secret = [key for key, each in loose.items() if each.get("writeOnly")]
    return loose | {f"{key}_file": {"type": "string", "title": f"File that holds {key}"} for key in secret}
