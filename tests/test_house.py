"""The numbers and habits of the house, kept by a machine."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("core/tm/**/*.py"), *ROOT.glob("plugins/*/tm_*/**/*.py")])
NO_HOME = {
    "manager", "handler", "helper", "helpers", "util", "utils", "common", "base", "misc", "new", "old", "v2", "lean",
    "final", "production", "data", "info", "item",
}  # fmt: skip


def functions() -> list[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append((path, node))
    return found


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def depth(node: ast.AST, level: int = 0) -> int:
    nests = (ast.If, ast.For, ast.While, ast.With, ast.Try)
    deepest = level
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        deepest = max(deepest, depth(child, level + (isinstance(child, nests) and not is_elif)))
    return deepest


def test_no_file_is_longer_than_400_lines() -> None:
    long = {str(path): n for path in SOURCES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400}

    assert long == {}


def test_no_function_is_longer_than_60_lines_and_nine_of_ten_have_25_at_most() -> None:
    lengths = sorted(length(node) for _, node in functions())

    assert lengths[-1] <= 60
    assert lengths[int(len(lengths) * 0.9)] <= 25
    assert lengths[len(lengths) // 2] <= 8


def test_no_function_nests_deeper_than_three_levels() -> None:
    deep = [f"{path.name}:{node.name}" for path, node in functions() if depth(node) > 3]

    assert deep == []


def test_no_function_takes_more_than_three_positional_parameters() -> None:
    many = []
    for path, node in functions():
        placed = [each.arg for each in node.args.posonlyargs + node.args.args if each.arg not in ("self", "cls")]
        if len(placed) > 3:
            many.append(f"{path.name}:{node.name}")

    assert [each for each in many if not each.endswith(":settings_customise_sources")] == []


def test_every_room_says_in_its_first_line_what_it_is_for() -> None:
    silent = [str(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]

    assert silent == []


def test_every_public_name_has_a_docstring() -> None:
    bare = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            bare += _bare(path, node)

    assert bare == []


def _bare(path: Path, node: ast.stmt, owner: str = "") -> list[str]:
    if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
        return []
    is_protocol = isinstance(node, ast.ClassDef) and path.name == "protocol.py"
    bare = [] if ast.get_docstring(node) else [f"{path.name}: {owner}{node.name}"]
    if isinstance(node, ast.ClassDef) and not is_protocol:
        for child in node.body:
            bare += _bare(path, child, f"{node.name}.")
    return bare


def test_no_file_name_needs_its_history_to_be_understood() -> None:
    named = [path.name for path in SOURCES if NO_HOME & set(re.split(r"[_.]", path.stem))]

    assert named == []


def test_the_core_names_no_plugin_that_ships_beside_it() -> None:
    plugins = [folder.name for folder in (ROOT / "plugins").iterdir() if folder.is_dir()]
    # git and CI are also words of everyday: a repository is found without the plugin, and CI is a variable
    everyday = [name for name in plugins if name in ("ci", "git")]
    named = [*(name for name in plugins if name not in everyday), *(rf"(?:tm_|plugins\.){name}" for name in everyday)]
    pattern = re.compile(rf"\b(tm_)?({'|'.join(named)})\b", re.IGNORECASE)
    found = []
    for path in ROOT.glob("core/tm/**/*.py"):
        code = ast.unparse(_without_docstrings(ast.parse(path.read_text(encoding="utf-8"))))
        found += [f"{path.name}: {line.strip()}" for line in code.splitlines() if pattern.search(line)]

    assert [each for each in found if not each.startswith(("people.py", "schema.py"))] == []


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[0].value = ast.Constant(value="")
    return tree


PUBLIC = ("tm.testing", "tm.sync")


def test_plugins_import_the_public_face_only_for_types_too() -> None:
    strays = []
    for path in [*ROOT.glob("plugins/*/tm_*/**/*.py"), *ROOT.glob("examples/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            strays += [f"{path.name}: {name}" for name in names if name.startswith("tm.") and name not in PUBLIC]

    assert strays == []


def test_the_time_is_read_in_one_place() -> None:
    readers = [
        path.name
        for path in SOURCES
        if re.search(r"datetime\.now\(|utcnow\(|time\.time\(|time\.monotonic\(", path.read_text(encoding="utf-8"))
    ]

    assert readers == ["clock.py"]


def test_tests_live_at_the_top_and_nowhere_inside_the_packages() -> None:
    strays = [path for path in SOURCES if path.name.startswith("test_") or "tests" in path.parts]

    assert strays == []


@pytest.mark.parametrize("folder", ["core", "plugins/ci", "plugins/git", "plugins/jira", "plugins/slack"])
def test_each_path_root_holds_exactly_one_package(folder: str) -> None:
    packages = [path.name for path in (ROOT / folder).iterdir() if (path / "__init__.py").exists()]

    assert len(packages) == 1


def test_nothing_in_the_project_is_marked_unfinished() -> None:
    sign = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    found = [path.name for path in SOURCES if sign.search(path.read_text(encoding="utf-8"))]

    assert found == []
