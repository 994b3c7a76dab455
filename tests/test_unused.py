"""Nothing in core is there for the tests alone: each public name is used by core itself, a page, a script or a benchmark."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import core

ROOT = Path(__file__).resolve().parent.parent
USERS = [*ROOT.glob("*.py"), *(file for name in ("core", "pages", "scripts", "benchmarks") for file in (ROOT / name).rglob("*.py"))]
IDENTITIES = "core.labs.identities"

COLLECTED = {"core.questions": ("QUESTION",), "core.experiments": ("EXPERIMENTS",), "core.experiments.labs": ("EXPERIMENTS",)}
"""What catalogues look for in each file of these folders."""

SHOWN = {"core.labs.identities.numpy_network.step"}
"""Part of a source that a question prints as a whole."""

Definition = ast.FunctionDef | ast.ClassDef


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def trees() -> dict[str, ast.Module]:
    return {module_of(file): ast.parse(file.read_text()) for file in USERS}


@cache
def nodes(module: str) -> list[ast.AST]:
    """All that stands in a file; walked once, for it takes the most of the time."""
    return list(ast.walk(trees()[module]))


@cache
def aliases(module: str) -> dict[str, set[str]]:
    """What each imported name of a file stands for, dotted; several where functions import different things under one name."""
    found: dict[str, set[str]] = {}
    for node in nodes(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, set()).add(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name.partition(".")[0], set()).add(
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
    return found


def dotted(node: ast.expr) -> str:
    """`a.b.c` of such an expression; empty for any other."""
    if isinstance(node, ast.Name):
        return node.id
    base = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{base}.{node.attr}" if base else ""


def used_in(module: str, tree: ast.Module) -> Iterator[str]:
    """The dotted names that a file uses, a definition's own name within itself and its local variables left out."""
    known = aliases(module)
    for statement in tree.body:
        parts = statement.body if isinstance(statement, ast.ClassDef) else [statement]
        own = getattr(statement, "name", "")
        for part in [*parts, *getattr(statement, "bases", []), *getattr(statement, "decorator_list", [])]:
            names = [node for node in ast.walk(part) if isinstance(node, ast.Name | ast.Attribute | ast.arg)]
            hidden = {own}
            if isinstance(part, ast.FunctionDef):
                hidden |= {node.arg for node in names if isinstance(node, ast.arg)}
                hidden |= {node.id for node in names if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
            for node in names:
                name = "" if isinstance(node, ast.arg) else dotted(node)
                head, _, rest = name.partition(".")
                if head in known:
                    yield from (f"{target}.{rest}".rstrip(".") for target in known[head])
                elif name and head not in hidden and isinstance(node.ctx, ast.Load):
                    yield f"{module}.{name}"


def every_use() -> set[str]:
    """All names that are used, followed to where they are defined, and the beginnings of each."""
    exported = {f"{module}.{name}": target for module in trees() for name, found in aliases(module).items() for target in found}
    waiting, seen = [name for module, tree in trees().items() for name in used_in(module, tree)], set()
    while waiting:
        name = waiting.pop()
        while name and name not in seen:
            seen.add(name)
            if name in exported:
                waiting.append(exported[name])
            name = name.rpartition(".")[0]
    return seen


def public(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """The functions, classes and constants that a body defines."""
    for node in body:
        if isinstance(node, Definition):
            named = [node.name]
        else:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            if isinstance(targets[0] if targets else None, ast.Tuple) and not isinstance(node.value, ast.Tuple):
                continue  # what is unpacked has to have a name for each
            named = [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        yield from ((name, node) for name in named if not name.startswith("_"))


def found_by_name() -> set[str]:
    """What is found by its name in a text: the Python interface, what catalogues collect, and the identities that questions ask for."""
    words = {
        node.value
        for module in trees()
        if module.startswith("core.questions")
        for node in nodes(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    identities = {f"{module}.errors" for module in trees() if module.startswith(f"{IDENTITIES}.") and module.rpartition(".")[2] in words}
    collected = {f"{module}.{name}" for module in trees() for name in COLLECTED.get(module.rpartition(".")[0], ())}
    return {f"{home}.{name}" for name, home in core._HOME.items()} | collected | identities


def test_no_public_name_of_core_is_used_by_tests_alone():
    used = every_use() | found_by_name() | SHOWN
    found = [f"{module}.{name}" for module, tree in trees().items() if module.startswith("core.") for name, _ in public(tree.body)]
    assert [name for name in found if name not in used] == []


def test_no_public_method_of_core_is_used_by_tests_alone():
    attributes = {node.attr for module in trees() for node in nodes(module) if isinstance(node, ast.Attribute)}
    classes = [
        node
        for module, tree in trees().items()
        if module.startswith("core")
        for _, node in public(tree.body)
        if isinstance(node, ast.ClassDef)
    ]
    methods = [(cls.name, name) for cls in classes for name, node in public(cls.body) if isinstance(node, ast.FunctionDef)]
    assert [f"{cls}.{name}" for cls, name in methods if name not in attributes] == []
