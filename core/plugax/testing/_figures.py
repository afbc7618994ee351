"""Check of one figure: Matplotlib's, made without pyplot, with axes that can be read."""

from typing import Any

from ._claim import claim


def check_figure(component: Any, name: str, figure: Any) -> None:
    """Raise unless `figure` is a Matplotlib figure with labelled axes, or an animation of one.

    Arguments:
        component: whose figure it is.
        name: of the figure.
        figure: what is said to be one.
    """
    from matplotlib.animation import Animation
    from matplotlib.figure import Figure

    if isinstance(figure, Animation):
        # It warns when it is thrown away without having been drawn, which costs seconds.
        figure._draw_was_started = True  # pyright: ignore[reportAttributeAccessIssue]
        figure = figure._fig  # pyright: ignore[reportAttributeAccessIssue] - no public way to it
    claim(
        isinstance(figure, Figure),
        component,
        f"the figure {name!r} is a figure or an animation of Matplotlib",
        f"a {type(figure).__name__}",
        "Make it with matplotlib.figure.Figure().",
    )
    claim(
        getattr(figure.canvas, "manager", None) is None,
        component,
        f"the figure {name!r} is made without pyplot, which would keep it in memory for ever",
        "a figure that pyplot holds",
        "Make it with matplotlib.figure.Figure() and its subplots().",
    )
    for axes in figure.axes:
        # A colour bar says what it shows along one axis only, and pictures show nothing along any.
        if not axes.axison or not axes.get_visible() or axes.get_label() == "<colorbar>":
            continue
        unlabelled = [along for along in ("x", "y") if not _labelled(figure, axes, along)]
        claim(
            not unlabelled,
            component,
            f"all axes of the figure {name!r} are labelled",
            f"no label along {' and '.join(unlabelled)} of the axes titled {axes.get_title()!r}",
            "Call set_xlabel and set_ylabel, with the unit where there is one.",
        )


def _labelled(figure: Any, axes: Any, along: str) -> bool:
    """Whether the axis itself, one that it is shared with, or the whole figure has the label."""
    shared = getattr(axes, f"get_shared_{along}_axes")().get_siblings(axes)
    if any(getattr(sibling, f"get_{along}label")() for sibling in shared):
        return True
    return bool(getattr(figure, f"get_sup{along}label")())
