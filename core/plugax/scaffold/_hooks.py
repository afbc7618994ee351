"""Registrations: the calls of `register` in a plugin's hook module, written and added.

A new call goes to the end of the function `register_…s` of its kind. If there is no such function,
or nothing in it, a new one is written. A module in which these places are not clear is not touched.
"""

import ast

HOOK = '''
@{hookimpl}
def register_{kind}s(register):
    """Bring the {kind}s; the module of a target is imported when it is first used."""
{call}
'''
CALL = """    register(
        "{name}",
        "{target}",
        summary="{summary}",
    )"""


def call_text(name: str, target: str, summary: str) -> str:
    """A call of `register`, indented."""
    return CALL.format(name=name, target=target, summary=summary)


def hook_text(kind: str, calls: str, hookimpl: str = "hookimpl") -> str:
    """A whole hook, with an empty line before.

    Arguments:
        kind: the kind that it registers.
        calls: calls of `register`, indented.
        hookimpl: the name of the decorator in this module.
    """
    return HOOK.format(kind=kind, call=calls, hookimpl=hookimpl)


def with_call(source: str, kind: str, call: str) -> str | None:
    """The source of a hook module with one more registration; None if its place is not clear.

    Arguments:
        source: the source of the module.
        kind: the kind that is registered.
        call: a call of `register`, indented.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    name = f"register_{kind}s"
    bound = [node for node in ast.walk(tree) if _binds(node, name)]
    decorator = _decorator(tree)
    if not bound:
        return None if decorator is None else _join(source, hook_text(kind, call, decorator))
    hook = bound[0]
    if len(bound) > 1 or hook not in tree.body or not isinstance(hook, ast.FunctionDef):
        return None
    lines = source.splitlines(keepends=True)
    last = hook.body[-1]
    if len(hook.body) == 1 and _is_text(last) and decorator is not None:
        first = min(node.lineno for node in (hook, *hook.decorator_list)) - 1
        new = hook_text(kind, call, decorator).lstrip("\n")
        return "".join([*lines[:first], new, *lines[last.end_lineno :]])
    if last.col_offset != 4 or not _is_call(last) or _arguments(hook) != ["register"]:
        return None
    after = last.end_lineno or len(lines)
    lines[after - 1] = lines[after - 1].rstrip("\n") + "\n"
    return "".join([*lines[:after], f"{call}\n", *lines[after:]])


def _join(source: str, hook: str) -> str:
    return f"{source.rstrip()}\n\n{hook}"


def _binds(node: ast.AST, name: str) -> bool:
    """Whether a statement gives something this name."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name == name
    if isinstance(node, ast.alias):
        return (node.asname or node.name) == name
    return isinstance(node, ast.Name) and node.id == name


def _decorator(tree: ast.Module) -> str | None:
    """How the module writes `hookimpl`: that itself, or an attribute of `plugax`."""
    for node in tree.body:
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for alias in node.names:
            if module == "plugax" and alias.name == "hookimpl":
                return alias.asname or alias.name
            if module is None and alias.name == "plugax":
                return f"{alias.asname or alias.name}.hookimpl"
    return None


def _arguments(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in function.args.args]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_call(node: ast.stmt) -> bool:
    """Whether a statement is a call of `register`."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    return isinstance(node.value.func, ast.Name) and node.value.func.id == "register"
