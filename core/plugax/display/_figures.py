"""Figures that a notebook shows, each once, and that a Python session can open in windows.

They are pictures in the output, made when it is displayed: an animation is a GIF, which plays
without a script, in a notebook that is not trusted and on a page made from one too. None of them
stays in the registry of pyplot.
"""

import base64
import functools
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from io import BytesIO
from typing import Any

from ..errors import PlugaxError

WIDTH = 80  # of an inch of a figure, in the pixels of a web page
DOTS = 2 * WIDTH  # per inch, for screens with two dots to such a pixel


class Figures(Mapping[str, Any]):
    """Matplotlib figures and animations by name; as the last line of a cell they are shown.

    In a loop, or in the middle of a cell, `display(…)` shows them. In a Python session `show()`
    opens windows, and `save` writes files.

    Arguments:
        figures: the figures by name.
    """

    def __init__(self, figures: Mapping[str, Any]):
        self._figures = dict(figures)
        pyplot = sys.modules.get("matplotlib.pyplot")
        for figure in self._figures.values():
            if pyplot is not None:
                # A cell would show it a second time, and pyplot would keep it for ever.
                pyplot.close(_still(figure))

    def __getitem__(self, name: str) -> Any:
        return self._figures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def __repr__(self) -> str:
        return f"Figures: {', '.join(self)}. show() opens windows, save(DIR) writes files."

    def show(self) -> None:
        """Open a window for each, as Matplotlib does: a script waits until they are closed.

        Of an animation the window has the first frame; `save` writes one that moves.

        Errors: `PlugaxError` if Matplotlib cannot open windows here.
        """
        from matplotlib import pyplot
        from matplotlib.backends.registry import BackendFilter, backend_registry

        if pyplot.get_backend().lower() in backend_registry.list_builtin(
            BackendFilter.NON_INTERACTIVE
        ):
            raise PlugaxError(
                f"There are no windows here: Matplotlib draws with {pyplot.get_backend()}, which "
                "only writes files. Write them with save('DIR'), or choose a display and a backend "
                "(matplotlib.use)."
            )
        for name, figure in self._figures.items():
            # pyplot asks for a class, and puts what it makes into a window.
            made: Any = functools.partial(_given, _still(figure))
            pyplot.figure(num=name, FigureClass=made)
        pyplot.show()
        if not pyplot.isinteractive():  # else the windows are still open
            for figure in self._figures.values():
                pyplot.close(_still(figure))

    def save(self, directory: str | os.PathLike) -> list[pathlib.Path]:
        """Write each into a file, `NAME.png`, or `NAME.gif` if it is an animation.

        Arguments:
            directory: created if it is missing; files of the same names are replaced.

        Returns:
            the paths of the files.
        """
        target, paths = pathlib.Path(directory), []
        target.mkdir(parents=True, exist_ok=True)
        for name, figure in self._figures.items():
            content, kind = picture_of(figure, DOTS)
            paths.append(target / f"{name}.{kind}")
            paths[-1].write_bytes(content)
        return paths

    def _repr_png_(self) -> tuple[bytes, dict[str, int]] | None:
        """A single figure as a picture, with its size on the page."""
        if self._is_one_picture():
            (figure,) = self._figures.values()
            size = {"width": _pixels(figure, 0), "height": _pixels(figure, 1)}
            return picture_of(figure, DOTS)[0], size
        return None

    def _repr_html_(self) -> str | None:
        """All figures with their names, unless there is only one that does not move."""
        if self._is_one_picture():
            return None
        return "\n".join(map(self._image, self._figures))

    def _is_one_picture(self) -> bool:
        return len(self) == 1 and not any(map(_is_animation, self.values()))

    def _image(self, name: str) -> str:
        content, kind = picture_of(self[name], DOTS)
        data = base64.b64encode(content).decode()
        style = f"width:{_pixels(self[name], 0)}px;max-width:100%"
        return (
            f'<figure style="margin:0 0 1em"><figcaption>{escape(name)}</figcaption><img '
            f'alt="{escape(name)}" style="{style}" src="data:image/{kind};base64,{data}"></figure>'
        )


def picture_of(figure: Any, dots: int) -> tuple[bytes, str]:
    """A figure as a picture: the content of its file, and `"png"`, or `"gif"` for an animation.

    Arguments:
        figure: a Matplotlib figure or animation.
        dots: the dots per inch of a figure; an animation has those that it was made with.
    """
    if _is_animation(figure):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "animation.gif")
            figure.save(path, writer="pillow")
            return path.read_bytes(), "gif"
    content = BytesIO()
    figure.savefig(content, format="png", dpi=dots)
    return content.getvalue(), "png"


def discard(figures: Iterable[Any]) -> None:
    """Let figures go that nobody will see; of an animation Matplotlib would warn."""
    for figure in filter(_is_animation, figures):
        figure._draw_was_started = True


def _is_animation(figure: Any) -> bool:
    animation = sys.modules.get("matplotlib.animation")
    return animation is not None and isinstance(figure, animation.Animation)


def _still(figure: Any) -> Any:
    """The figure that an animation moves; any other figure itself."""
    # There is no public way to it.
    return figure._fig if _is_animation(figure) else figure


def _given(figure: Any, *_: Any, **__: Any) -> Any:
    return figure


def _pixels(figure: Any, axis: int) -> int:
    return round(WIDTH * _still(figure).get_size_inches()[axis])
