"""What the sources of the pages say of them, so that tests find a new page, form or tab by themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from core.ui.shell import PAGES

ROOT = Path(__file__).resolve().parent.parent
OF_PAGES = "core.ui.pages."


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _file(module: str) -> Path | None:
    """Where a module stands; None for a name that is none."""
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, and every name out of one, dotted."""
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _behind(path: str) -> frozenset[str]:
    """What a page (`pages/pruning.py`) and the modules of `core.ui.pages` behind it import."""
    found: set[str] = set()
    waiting = [ROOT / path]
    while waiting:
        for name in set(_imported(waiting.pop())) - found:
            found.add(name)
            file = _file(name) if name.startswith(OF_PAGES) else None
            waiting += [file] if file else []
    return frozenset(found)


def pages_that_import(module: str) -> list[str]:
    """The paths of the pages that use a module of core, such as `core.ui.form.forms`."""
    assert _file(module), f"{module} is no module"
    return [page.path for page in PAGES if module in _behind(page.path)]


def stem(path: str) -> str:
    """The name of a page in its address and in the keys of its widgets: `pruning` of `pages/pruning.py`."""
    return Path(path).stem


def parts_behind_tabs() -> dict[str, list[str]]:
    """The key of each row of tabs that `parts.tabs` draws on a page, and the names in it."""
    found = {}
    for file in sorted((ROOT / "core" / "ui" / "pages").rglob("*.py")):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for function in ast.walk(_tree(file)):
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and ast.unparse(node.func) == "parts.tabs"]
            if isinstance(function, ast.FunctionDef) and calls:
                (drawers,) = (node for node in ast.walk(function) if isinstance(node, ast.Dict))
                names = vars(import_module(module))
                key, *shown = (_value(node, names) for node in (calls[0].args[0], *drawers.keys))
                found[key] = shown
    return found


def _value(node: ast.expr | None, names: dict[str, object]) -> str:
    """The text that a constant, a name or an f-string of names stands for."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.Name(name):
            return str(names[name])
        case ast.JoinedStr(parts):
            return "".join(_value(part.value if isinstance(part, ast.FormattedValue) else part, names) for part in parts)
    raise AssertionError(f"no text: {ast.dump(node) if node else node}")
