"""Files, written as a whole or not at all."""

import os
import pathlib
import shutil
from collections.abc import Mapping

from ..errors import PlugaxError


def write_directory(target: pathlib.Path, files: Mapping[str, str]) -> None:
    """Write a new directory: first beside its place, then it is renamed.

    Arguments:
        target: the directory.
        files: the text of every file, by its path in the directory.

    Errors: `PlugaxError` if something is there already, or nothing can be written.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise PlugaxError(f"{target} exists already. Choose another name, or move it away.")
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        for path, text in files.items():
            (beside / path).parent.mkdir(parents=True, exist_ok=True)
            (beside / path).write_text(text, "utf-8")
        beside.rename(target)
    except OSError as error:
        raise PlugaxError(f"{target} cannot be written: {error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def add_files(new: Mapping[pathlib.Path, str], changed: Mapping[pathlib.Path, str]) -> None:
    """Write new files, and change others.

    Arguments:
        new: the text of every new file.
        changed: the new text of every existing file.

    Errors: `PlugaxError` if a new file exists already, or one cannot be written; then no file is
    new, and none is changed.
    """
    taken = [path for path in new if path.exists()]
    if taken:
        raise PlugaxError(f"{taken[0]} exists already. Choose another name.")
    beside = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in (*new, *changed)}
    done: list[pathlib.Path] = []
    try:
        for path, text in {**new, **changed}.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside[path].write_text(text, "utf-8")
        for path in (*new, *changed):
            beside[path].replace(path)
            done.append(path)
    except OSError as error:
        for path in set(done) & set(new):
            path.unlink()
        raise PlugaxError(f"{error.filename} cannot be written: {error}") from error
    finally:
        for path in beside.values():
            path.unlink(missing_ok=True)
