"""The pages of the interface: every public name of core and plugins, from its docstring."""

import ast
import importlib
import importlib.metadata
import pathlib

# A reader looks for these by what they do, not by the module that holds them.
GROUPS = {
    "Run": ("solve", "sweep", "compare", "resume", "load", "unrolled", "implicit"),
    "Results": ("Solution", "Population", "Comparison", "Status", "Table"),
    "Make components by name": ("problem", "solver", "optimizer", "integrator", "observer"),
    "Change a problem": ("bounded", "fixed", "starting_at", "constrained"),
}


def write(directory: pathlib.Path) -> None:
    """Write a page for `plugax`, for each of its public modules and for each bundled plugin."""
    directory.mkdir(parents=True)
    top = public_names("plugax")
    modules = {f"plugax.{name}" for name, found in top.items() if found == f"plugax.{name}"}
    plugins = {entry.value.split(":")[0].split(".")[0] for entry in _entries()}
    # These register nothing, but others build on them, or call them.
    plugins |= {"plugax_augmentation", "plugax_optuna", "plugax_state_space"}
    (directory / "index.md").write_text(_top({n: f for n, f in top.items() if f not in modules}))
    for module in sorted(modules | plugins):
        names = public_names(module)
        if names:
            page = module.removeprefix("plugax.") if module in modules else module
            (directory / f"{page}.md").write_text(_page(module, names, top))


def _entries() -> importlib.metadata.EntryPoints:
    return importlib.metadata.entry_points(group="plugax")


def public_names(module: str) -> dict[str, str]:
    """The public names of a module, and what each of them is: `module.name`.

    A name is public if the package imports it `as` itself, in its stub if it has one, or if it is
    a class, function or alias that a module without parts defines itself, without an underscore.
    """
    path = pathlib.Path(importlib.import_module(module).__file__)
    stub = path.with_suffix(".pyi")
    found = {}
    for node in ast.parse((stub if stub.exists() else path).read_text()).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.asname == alias.name:
                    own = alias.name if node.module is None else f"{node.module}.{alias.name}"
                    found[alias.name] = f"{module}.{own}"
        elif isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            found[node.name] = f"{module}.{node.name}"
    return found


def _top(names: dict[str, str]) -> str:
    """The page of the names that `import plugax as px` gives, by what they are for."""
    grouped = {title: [n for n in group if n in names] for title, group in GROUPS.items()}
    rest = [n for n in names if not any(n in group for group in grouped.values())]
    grouped["Interfaces and data"] = [n for n in rest if n[0].isupper()]
    grouped["Plugins and the rest"] = [n for n in rest if not n[0].isupper()]
    parts = ["# `plugax`\n", "What `import plugax as px` gives.\n"]
    for title, group in grouped.items():
        parts.append(f"## {title}\n")
        parts += [_entry(f"plugax.{name}", level=3) for name in group if name != "__version__"]
    return "\n".join(parts)


def _page(module: str, names: dict[str, str], top: dict[str, str]) -> str:
    """The page of a module; what `plugax` has itself is described there."""
    text = (importlib.import_module(module).__doc__ or "").strip()
    there = [n for n in names if module.startswith("plugax.") and n in top]
    parts = [f"# `{module}`\n", f"{text}\n"]
    if there:
        links = ", ".join(f"[`{name}`][plugax.{name}]" for name in there)
        parts.append(f"Also in [`plugax`](index.md), and described there: {links}.\n")
    parts += [_entry(f"{module}.{n}", level=2) for n in names if n not in there]
    return "\n".join(parts)


def _entry(name: str, *, level: int) -> str:
    return f"::: {name}\n    options:\n      heading_level: {level}\n"
