"""A report in a browser: tables are sorted, curves zoomed; on a phone, by night, on paper."""

import re

import numpy as np
import pytest

from plugax.report import write_report


@pytest.fixture(scope="module")
def report(save, save_population, tmp_path_factory):
    """Runs of two problems, one of them long and with a gap, and a population."""
    top = tmp_path_factory.mktemp("report")
    losses = np.exp(-np.arange(3000) / 200.0)
    losses[1000] = np.nan
    long_name = "a_directory_with_a_long_name_" * 4
    save(top / "runs" / "a", {"loss": losses}, metrics={"error": 10.0, "w": [0.5] * 40})
    save(top / "runs" / long_name, {"loss": 2 - losses[:500]}, metrics={"error": None}, seed=1)
    save(
        top / "runs" / "c", {"loss": np.linspace(-1, 0, 5)}, metrics={"error": 9.0}, problem="hill"
    )
    save(top / "runs" / "d", metrics={"error": 9.0}, seed=2)
    save_population(top / "runs" / "sweep", 31)  # the middle one has the error 0.55²
    return write_report(top / "runs", top / "report.html")


@pytest.fixture(scope="module")
def thousands(save_population, tmp_path_factory):
    """A population of thousands."""
    top = tmp_path_factory.mktemp("thousands")
    return write_report(save_population(top / "sweep", 5000), top / "report.html")


@pytest.fixture
def opened(page, report):
    page.set_viewport_size({"width": 1000, "height": 800})
    page.goto(report.as_uri())
    return page


def cells(table, column):
    rows = table.locator("tbody tr:not([hidden])")
    return rows.locator(f"td:nth-child({column})").all_inner_texts()


def seen(chart):
    """The first and the last step that are seen, and the numbers on the axis of steps."""
    told = chart.locator(".plot").get_attribute("aria-label")
    low, high = re.search(r"from step (\S+) to ([^ ,]+)", told).groups()
    ticks = [float(text) for text in chart.locator("text.x").all_text_contents()]
    assert float(low) <= ticks[0] < ticks[-1] <= float(high)
    return float(low), float(high), ticks


def chart_of(page, section, place=0):
    return page.locator(f"#{section} figure.chart").nth(place)


def test_a_table_is_sorted_by_a_column_with_what_is_missing_last(opened):
    table = opened.locator("#all table").first
    heads = table.locator("th").all_inner_texts()
    column = heads.index("error") + 1
    heading = table.locator(f"th:nth-child({column})")
    heading.get_by_role("button").click()
    assert cells(table, column) == ["0.3025", "9", "10", "not finite"]
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.get_by_role("button").press("Enter")
    assert cells(table, column)[:2] == ["10", "9"]
    assert cells(table, column)[-1] == "not finite"
    assert heading.get_attribute("aria-sort") == "descending"
    assert table.locator("[aria-sort]").count() == 1


@pytest.mark.slow
def test_thousands_of_rows_are_leafed_through_and_searched(page, thousands):
    page.goto(thousands.as_uri())
    frame = page.locator("#run-1 .table")
    table, told = frame.locator("table"), frame.get_by_role("status")
    assert told.inner_text() == "Rows 1–50 of 5000"
    assert len(cells(table, 1)) == 50
    frame.get_by_role("button", name="Next").click()
    assert told.inner_text() == "Rows 51–100 of 5000"
    table.locator("th:nth-child(4) button").click()
    table.locator("th:nth-child(4) button").click()
    assert told.inner_text() == "Rows 1–50 of 5000"
    assert cells(table, 4)[0] == "1"
    frame.get_by_role("searchbox").fill("non-finite")
    assert told.inner_text() == "Rows 1–1 of 1 found, of 5000"
    assert cells(table, 2) == ["non-finite"]
    frame.get_by_role("searchbox").fill("nothing of this")
    assert told.inner_text() == "No row found"


def test_dragging_zooms_in_and_reset_shows_all_again(opened):
    chart = chart_of(opened, "run-1")
    chart.scroll_into_view_if_needed()
    whole, curve = seen(chart), chart.locator("path.curve").get_attribute("d")
    box = chart.locator(".plot").bounding_box()
    opened.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 80)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 90, steps=3)
    assert chart.locator(".chosen").count() == 1
    opened.mouse.up()
    low, high, ticks = seen(chart)
    assert whole[:2] == (0, 2999)
    assert 1200 < low < 1500
    assert 1900 < high < 2200
    assert ticks != whole[2]
    assert chart.locator("path.curve").get_attribute("d") != curve
    chart.get_by_role("button", name="Reset").click()
    assert seen(chart) == whole
    assert chart.locator("path.curve").get_attribute("d") == curve


def test_the_keyboard_and_the_wheel_zoom_too(opened):
    chart = chart_of(opened, "run-1")
    plot, whole = chart.locator(".plot"), seen(chart)
    plot.focus()
    plot.press("+")
    plot.press("+")
    nearer = seen(chart)
    assert nearer[1] - nearer[0] < (whole[1] - whole[0]) / 2
    plot.press("ArrowRight")
    assert seen(chart)[0] > nearer[0]
    plot.press("0")
    assert seen(chart) == whole
    opened.mouse.move(*_middle(plot))
    opened.mouse.wheel(0, -200)
    opened.wait_for_function(
        "before => document.querySelector('#run-1 .plot').ariaLabel !== before",
        arg=f"loss from step {whole[0]:g} to 2999, logarithmic axis",
    )
    assert seen(chart)[0] > whole[0]
    chart.get_by_role("button", name="Zoom out").click()
    chart.get_by_role("button", name="Zoom out").click()
    assert seen(chart) == whole


def test_the_wheel_scrolls_the_page_over_a_chart_without_focus(opened):
    chart = chart_of(opened, "run-1")
    chart.scroll_into_view_if_needed()
    whole, before = seen(chart), opened.evaluate("scrollY")
    opened.mouse.move(*_middle(chart.locator(".plot")))
    opened.mouse.wheel(0, -50)
    opened.wait_for_function("before => scrollY < before", arg=before)
    assert seen(chart) == whole


def test_a_logarithmic_axis_is_chosen_where_it_fits_and_can_be_switched(opened):
    chart = chart_of(opened, "run-1")
    box = chart.get_by_label("log axis")
    assert box.is_checked()
    assert {"1", "0.01", "1e-4"} <= set(chart.locator("text.y").all_text_contents())
    box.uncheck()
    assert "0.5" in chart.locator("text.y").all_text_contents()
    negative = opened.locator("figure.chart").filter(has=opened.locator("label input:disabled"))
    assert negative.count() == 1


def test_what_is_not_finite_is_marked_and_told(opened):
    chart = chart_of(opened, "run-1")
    assert chart.locator(".lost").count() == 1
    assert chart.locator("path.curve").get_attribute("d").count("M") == 2
    box = chart.locator(".plot").bounding_box()
    chart.locator(".plot").scroll_into_view_if_needed()
    chart.locator(".plot").hover(position={"x": box["width"] * 0.6, "y": 60})
    assert chart.locator(".readout").inner_text().startswith("step ")


def test_a_curve_of_several_is_hidden_by_its_name(opened):
    chart = chart_of(opened, "all")
    count = chart.locator("path.curve").count()
    assert count == 3
    button = chart.locator(".legend button").first
    button.click()
    assert chart.locator("path.curve").count() == count - 1
    assert button.get_attribute("aria-pressed") == "false"


def test_a_phone_scrolls_down_only(page, report):
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(report.as_uri())
    for row in page.locator("details").all():
        row.evaluate("node => { node.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    table = page.locator("#all .scroll").first
    assert table.evaluate("node => node.scrollWidth > node.clientWidth")
    assert page.locator("figure.chart svg").first.bounding_box()["width"] > 250


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_day_and_night_are_legible(page, report, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(report.as_uri())
    for selector in ("body", "dt", ".note", "a", ".status.bad", ".status.good"):
        found = page.locator(selector).first.evaluate("node => getComputedStyle(node).color")
        assert _contrast(found, _ground(page)) > 4.5, selector
    assert (_luminance(_ground(page)) < 0.1) == (scheme == "dark")


def test_paper_is_white_and_has_all_rows_of_a_short_table_or_says_how_many(page, thousands):
    page.emulate_media(color_scheme="dark", media="print")
    page.goto(thousands.as_uri())
    assert _luminance(_ground(page)) == pytest.approx(1)
    assert not page.get_by_role("button", name="Reset").first.is_visible()
    frame = page.locator("#run-1 .table")
    assert frame.get_by_role("status").is_visible()
    assert frame.get_by_role("status").inner_text() == "Rows 1–50 of 5000"
    frame.locator("input").evaluate(
        "box => { box.value = '0.77'; box.dispatchEvent(new Event('input')); }"
    )
    found = int(frame.locator(".rows").text_content().split(" of ")[1].split()[0])
    assert 50 < found <= 200
    assert frame.locator("tbody tr:visible").count() == found


def test_paper_cuts_no_column_of_a_table(page, tmp_path, save):
    metrics = {f"mean_square_error_{number}": -1.23456e-10 for number in range(20)}
    save(tmp_path / "runs" / "a", metrics=metrics)
    save(tmp_path / "runs" / "b", metrics=metrics, seed=1)
    page.set_viewport_size({"width": 680, "height": 900})  # A4 without its margins
    page.emulate_media(media="print")
    page.goto(write_report(tmp_path / "runs", tmp_path / "report.html").as_uri())
    assert page.locator("#all th").count() > 15
    assert page.evaluate("document.documentElement.scrollWidth") <= 680


def _middle(plot):
    box = plot.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _ground(page):
    return page.locator("body").evaluate("node => getComputedStyle(node).backgroundColor")


def _luminance(colour):
    """The relative luminance of WCAG 2."""
    channels = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def _contrast(one, other):
    low, high = sorted([_luminance(one), _luminance(other)])
    return (high + 0.05) / (low + 0.05)
