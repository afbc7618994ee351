"""Check of one figure: by Matplotlib, made without pyplot, with labelled axes."""

from typing import Any

from ..claims._claim import claim


def check_figure(component: Any, name: str, figure: Any) -> None:
    """Raise unless `figure` is a Matplotlib figure with labelled axes, or an animation of one.

    Arguments:
        component: the component that drew the figure.
        name: the name of the figure.
        figure: the object to check.
    """
    from matplotlib.animation import Animation
    from matplotlib.figure import Figure

    if isinstance(figure, Animation):
        # Matplotlib warns if an animation is deleted without being drawn, which would take seconds.
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
        # A colour bar has a label along one axis only, and images have none.
        if not axes.axison or not axes.get_visible() or axes.get_label() == "<colorbar>":
            continue
        unlabelled = [along for along in ("x", "y") if not _has_label(figure, axes, along)]
        claim(
            not unlabelled,
            component,
            f"all axes of the figure {name!r} are labelled",
            f"no label along {' and '.join(unlabelled)} of the axes titled {axes.get_title()!r}",
            "Call set_xlabel and set_ylabel, with the unit if there is one.",
        )


def _has_label(figure: Any, axes: Any, along: str) -> bool:
    """Whether the axis, one that shares it, or the whole figure has a label."""
    shared = getattr(axes, f"get_shared_{along}_axes")().get_siblings(axes)
    if any(getattr(sibling, f"get_{along}label")() for sibling in shared):
        return True
    return bool(getattr(figure, f"get_sup{along}label")())
