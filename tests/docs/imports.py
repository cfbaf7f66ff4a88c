# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the rooms of the collection and the arrows between them from the imports of its code, as a Mermaid graph."""

from __future__ import annotations

import ast
import pathlib
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
_PACKAGE = "ansible_collections.sky.aws.plugins."

#: Files that nearly everything imports: data and words. An arrow to them says nothing.
_EVERYWHERE = frozenset(
    {
        "_version",
        "_errors",
        "_facts",
        "_patience",
        "_plan",
        "_tags",
        "_identity",
        "_ownership",
        "_validate",
        "_text",
        "_secrets",
    }
)


def _room(parts: t.Sequence[str]) -> str:
    """The room of a module: its kind of plugin, in module_utils the file or folder there."""
    return parts[1] if parts[0] == "module_utils" else parts[0]


def _noun(parts: t.Sequence[str]) -> str:
    """The noun of a module of _resources; empty for any other."""
    return parts[2] if parts[:2] == ["module_utils", "_resources"] and len(parts) > 2 else ""


def _targets(path: pathlib.Path) -> t.Iterator[str]:
    """What a file imports of the collection at run time, dotted from ``plugins``."""
    package = [*path.relative_to(PLUGINS).parts[:-1]]
    for node in _running(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
        elif node.module and node.module.startswith(_PACKAGE):
            base = node.module.removeprefix(_PACKAGE)
        else:
            continue
        yield from (f"{base}.{alias.name}" for alias in node.names)


def _running(tree: ast.AST) -> t.Iterator[ast.AST]:
    """Nodes that run; imports for type checkers bind nothing."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from _running(node)


def arrows(place: t.Callable[[t.Sequence[str]], str]) -> list[tuple[str, str]]:
    """Pairs of places, the first of which imports the second; sorted, each once."""
    found = {
        (place([*path.relative_to(PLUGINS).with_suffix("").parts]), place(target.split(".")))
        for path in PLUGINS.rglob("*.py")
        for target in _targets(path)
    }
    return sorted((one, other) for one, other in found if one and other and one != other)


def graph(place: t.Callable[[t.Sequence[str]], str]) -> str:
    """The arrows as a Mermaid graph, without those from and to what nearly everything imports."""
    shown = [arrow for arrow in arrows(place) if not _EVERYWHERE.intersection(arrow)]
    lines = [f"    {one.strip('_')}[{one}] --> {other.strip('_')}[{other}]" for one, other in shown]
    return "\n".join(["```mermaid", "graph LR", *lines, "```"])


def rooms() -> str:
    """The rooms of the collection."""
    return graph(_room)


def nouns() -> str:
    """The nouns, and which know others."""
    return graph(_noun)
