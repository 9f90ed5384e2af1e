"""Which causes an adapter's code can give for a refusal, read from its source."""

import ast
import functools
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

from adapters.sdk.registry import GROUP

ROOT = Path(__file__).parents[2]
COMMON = frozenset({"id", "constraint", "bug"})
"""What the SDK refuses of any adapter's records; docs/integrators.md tells of them."""
_PLACES = frozenset({"cause", "problem"})
"""What parameters, fields and variables that hold a cause are called; the latter by tables."""
_DEFAULT = "value"
"""The cause of an Untranslatable that names none."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class _Module(NamedTuple):
    """A module's own names, and those that it imports from other modules of ours."""

    statements: dict[str, ast.stmt]
    imports: dict[str, tuple[str, str]]


def causes_of(adapter: str) -> set[str]:
    """Return the causes that an adapter's package, and what of ours it uses, can give.

    A cause is a text that stands where something named ``cause`` is given or set. Beyond the
    package only what it mentions is looked into, and of classes the methods that are mentioned.
    """
    (point,) = entry_points(group=GROUP, name=adapter)
    own = point.value.partition(":")[0]
    found: set[str] = set()
    mentioned = {"__init__"}
    waiting: list[tuple[str, _Function]] = []
    pending: list[tuple[str, ast.AST]] = [
        (module, statement)
        for module in _modules(own)
        for statement in _module(module).statements.values()
    ]
    seen: set[ast.AST] = set()
    while pending:
        module, node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, ast.ClassDef) and not module.startswith(own):
            methods = [one for one in node.body if isinstance(one, _Function)]
            waiting += [(module, one) for one in methods]
            pending += [(module, one) for one in (*node.bases, *node.body) if one not in methods]
        else:
            parts = list(_walk(node))
            found |= _causes_in(module, parts)
            mentioned |= {one.attr for one in parts if isinstance(one, ast.Attribute)}
            names = {one.id for one in parts if isinstance(one, ast.Name)}
            pending += [place for name in names if (place := _resolved(module, name))]
        if not pending:
            pending += [one for one in waiting if one[1].name in mentioned and one[1] not in seen]
    return found - COMMON


def _modules(package: str) -> Iterator[str]:
    """Yield a package's modules."""
    for file in ROOT.joinpath(*package.split(".")).rglob("*.py"):
        yield ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def _module(name: str) -> _Module:
    """Read a module."""
    path = ROOT.joinpath(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    module = _Module({}, {})
    for number, one in enumerate(ast.parse(file.read_text(encoding="utf-8")).body):
        if isinstance(one, ast.ImportFrom) and (one.module or "").startswith("adapters."):
            source = one.module or ""
            module.imports.update({to.asname or to.name: (source, to.name) for to in one.names})
        elif isinstance(one, ast.ClassDef | _Function):
            module.statements[one.name] = one
        elif not isinstance(one, ast.Import | ast.ImportFrom):
            targets = [part.id for part in ast.walk(one) if isinstance(part, ast.Name)]
            module.statements[targets[0] if targets else f"#{number}"] = one
    return module


@functools.cache
def _resolved(module: str, name: str) -> tuple[str, ast.stmt] | None:
    """Return where a module's name is defined; None: it is not one of ours, or a module."""
    known = _module(module)
    if name in known.statements:
        return module, known.statements[name]
    source, original = known.imports.get(name, ("", ""))
    is_module = ROOT.joinpath(*source.split("."), f"{original}.py").exists()
    return _resolved(source, original) if source and not is_module else None


def _causes_in(module: str, parts: list[ast.AST]) -> set[str]:
    """Return the causes that a piece of code names itself."""
    found: set[str] = set()
    for one in parts:
        if isinstance(one, ast.Call):
            given = [word.value for word in one.keywords if word.arg in _PLACES]
            name = one.func.attr if isinstance(one.func, ast.Attribute) else _name(one.func)
            place = _place_of_cause(module, name)
            if not given and place is not None:
                given = one.args[place : place + 1]
            if name == "Untranslatable" and not given:
                found.add(_DEFAULT)
            found.update(text for value in given for text in _texts(value))
        elif isinstance(one, ast.Assign) and _PLACES & {_name(to) for to in one.targets}:
            found.update(_texts(one.value))
    return found


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a piece of code, less what is tried and whose refusal goes no further."""
    yield node
    tried = node.body if isinstance(node, ast.Try) and any(map(_swallows, node.handlers)) else []
    for one in ast.iter_child_nodes(node):
        if one not in tried:
            yield from _walk(one)


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches Untranslatable, and neither raises nor gives its cause."""
    caught = handler.type
    if caught is None or "Untranslatable" not in {_name(one) for one in ast.walk(caught)}:
        return False
    inside = [one for statement in handler.body for one in ast.walk(statement)]
    raises = any(isinstance(one, ast.Raise) for one in inside)
    return not raises and not any(
        isinstance(one, ast.Attribute) and one.attr == "cause" for one in inside
    )


def _name(node: ast.AST) -> str:
    """Return a bare name, or nothing."""
    return node.id if isinstance(node, ast.Name) else ""


def _texts(node: ast.AST) -> set[str]:
    """Return the texts that an expression can be."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return {node.value}
    return set()


@functools.cache
def _place_of_cause(module: str, name: str) -> int | None:
    """Return which argument of a call is its cause; None: none is, or it is named."""
    found = _resolved(module, name)
    called = found[1] if found else None
    if called is None:
        # A method of a class of the same module.
        inside = (one for top in _module(module).statements.values() for one in ast.walk(top))
        called = next(
            (one for one in inside if isinstance(one, _Function) and one.name == name), None
        )
    ordered: list[str] = []
    if isinstance(called, ast.ClassDef):
        inits = [
            one for one in called.body if isinstance(one, _Function) and one.name == "__init__"
        ]
        ordered = [_name(one.target) for one in called.body if isinstance(one, ast.AnnAssign)]
        called = inits[0] if inits else called
    if isinstance(called, _Function):
        ordered = [one.arg for one in called.args.args if one.arg != "self"]
    return next((place for place, one in enumerate(ordered) if one in _PLACES), None)
