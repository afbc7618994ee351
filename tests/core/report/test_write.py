"""What stands in a report, and what it refuses."""

import html
import json
import re

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.report import write_report

EVIL = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """A run whose problem is known and draws."""
    directory = tmp_path_factory.mktemp("runs") / "fit"
    return px.solve("regression", "least-squares", seed=4, out=directory), directory


@pytest.fixture(scope="module")
def solved_page(solved):
    """The report on it, with everything that its plugin adds."""
    return write_report(solved[1], solved[1].parent / "report.html").read_text("utf-8")


@pytest.fixture
def page_of(tmp_path):
    """Writes a report, and reads it."""

    def page_of(*paths, **options):
        return write_report(paths, tmp_path / "report.html", force=True, **options).read_text(
            "utf-8"
        )

    return page_of


def words(page):
    """The text of a page without its scripts, styles and tags."""
    page = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def headings(page):
    found = re.findall(r"<thead><tr>(.*?)<tbody>", page.replace("<wbr>", ""))
    return [re.split("<th[^>]*>", head)[1:] for head in found]


def test_a_run_alone_is_told_without_its_plugin(save, tmp_path, page_of):
    status = {"name": "stalled", "message": "It stalled.", "remarks": ["Look at the bowl."]}
    run = save(tmp_path / "a", metrics={"error": 0.125, "w": [1.0, 2.5]}, status=status)
    page = page_of(run)
    told = words(page)
    for part in (
        "valley · walk",
        "stalled It stalled. Look at the bowl.",
        "The problem 'valley' is not installed here.",
        "the plugin valley of plugax-valley 0.3",
        "error 0.125",
        "w 1 2.5",
        "rule.rate 0.5",
        "record everything",
        "seed 0",
        "compiled in 0.5 s, run in 0.25 s",
        "2026-11-30 09:00:00 UTC",
        "precision float32",
        "px.problem( 'valley', size=2, )",
    ):
        assert part in told, part
    assert "<img" not in page
    (chart,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    line = {"label": "at every step", "dots": False, "x": [0, 1, 2], "y": [3.0, 2.0, 1.0]}
    assert json.loads(chart) == {"name": "loss", "log": False, "lines": [line]}


def test_with_its_plugin_a_run_has_figures_and_tables(solved, solved_page, page_of):
    (solution, directory), page = solved, solved_page
    drawn = solution.problem.figures(solution)
    assert page.count('<img src="data:image/') == len(drawn)
    titles = [list(table.columns) for table in solution.tables()]
    assert headings(page) == titles
    assert "could not be made" not in page
    bare = page_of(directory, figures=False)
    assert "<img" not in bare
    assert "The figures and tables of the problems were left out." in bare


def test_it_needs_nothing_from_elsewhere(solved_page):
    for target in re.findall(r'\b(?:src|href)="([^"]*)"', solved_page):
        assert target.startswith(("data:", "#"))
    assert "default-src 'none'" in solved_page
    left = solved_page.replace("http://www.w3.org/2000/svg", "")
    assert "http:" not in left
    assert "https:" not in left


def test_everything_that_is_text_is_escaped(save, tmp_path, page_of):
    run = save(
        tmp_path / f"a {EVIL.replace('/', '')}",
        {EVIL: np.ones(3), "</script>": np.ones(3)},
        problem=EVIL,
        solver='"><img src=x onerror=alert(1)>',
        metrics={EVIL: EVIL, "list": [EVIL, EVIL]},
        status={"name": "completed", "message": EVIL, "remarks": [EVIL]},
        options={EVIL: EVIL},
    )
    other = save(tmp_path / "b", problem=EVIL, metrics={EVIL: 1.0})
    page = page_of(run, other, title=EVIL)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("</script>") == page.count("<script")
    assert words(page).count("alert('x')") > 8


def test_what_is_not_finite_is_said(save, tmp_path, page_of):
    losses = np.asarray([1.0, np.nan, np.inf, 0.5, -np.inf])
    message = "The metric 'loss' was nan at step 1."
    run = save(
        tmp_path / "a",
        {"loss": losses, "never": np.full(5, np.nan)},
        evaluations={"step": np.asarray([2]), "loss": np.asarray([np.nan])},
        metrics={"error": float("nan"), "list": [1.0, float("inf")]},
        status={"name": "non-finite", "message": message, "remarks": []},
    )
    page = page_of(run, save(tmp_path / "b"))
    told = words(page)
    assert "error not finite" in told
    assert "list 1 not finite" in told
    assert "4 values are not finite (▾)." in told
    assert message in told
    charts = re.findall(r'<script type="application/json">(.*?)</script>', page)
    whole = next(c for c in map(json.loads, charts) if c["lines"][0]["label"] == "at every step")
    assert whole["lines"][0]["y"] == [1.0, None, None, 0.5, None]


def test_a_long_history_is_thinned_and_that_is_said(save, tmp_path, page_of):
    losses = np.ones(200_000)
    losses[123_456] = 7.0
    page = page_of(save(tmp_path / "a", {"loss": losses, "field": np.ones((200_000, 3))}, every=10))
    assert len(page) < 100_000
    told = words(page)
    assert re.search(r"\d+ of 200000 values are drawn", told)
    assert "no curve here: field." in told
    (chart,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    (line,) = json.loads(chart)["lines"]
    assert line["y"][line["x"].index(1_234_560)] == 7.0


def test_a_history_of_nothing_is_no_chart(save, tmp_path, page_of):
    page = page_of(save(tmp_path / "a", {"loss": np.ones(0), "words": np.ones((3, 2), complex)}))
    assert "<figure" not in page


def test_a_population_is_a_table_of_its_members(save_population, tmp_path, page_of):
    page = page_of(save_population(tmp_path / "a", 3))
    assert headings(page) == [["rule.rate", "status", "steps", "error"]]
    assert "rule.rate swept" in words(page)
    assert "Of 3 members: 2 completed, 1 non-finite. It non-finite." in words(page)
    (chart,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    labels = [line["label"] for line in json.loads(chart)["lines"]]
    assert labels == ["rule.rate 0.1", "rule.rate 0.55", "rule.rate 1"]
    assert "over={'rule.rate': [0.1, 0.55, 1.0]}" in html.unescape(page)


def test_a_member_that_ended_early_has_a_short_curve(tmp_path, page_of):
    over = {"seed": range(2), "optimizer.learning_rate": [0.3, 1e25]}
    sgd = {"name": "sgd", "learning_rate": 0.1}
    found = px.sweep(
        "regression", "gradient", optimizer=sgd, over=over, steps=6, out=tmp_path / "a"
    )
    assert set(found.names[:, 1]) == {"non-finite"}
    page = page_of(tmp_path / "a")
    (chart, *_) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    lines = json.loads(chart)["lines"]
    assert [len(line["y"]) for line in lines] == [6, found.steps[0, 1] + 1] * 2
    assert all(y is not None for y in lines[0]["y"])


def test_a_population_of_thousands_stays_small(save_population, tmp_path, page_of):
    page = page_of(save_population(tmp_path / "a", 5000))
    assert page.count("<tr><td") == 5000
    assert len(page) < 500_000
    (chart,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    assert "Of 5000 members, the curves show quantiles at every step." in page
    lines = json.loads(chart)["lines"]
    assert [line["label"] for line in lines] == ["smallest", "10 %", "median", "90 %", "largest"]
    assert [line["y"][0] for line in lines] == pytest.approx([0.1, 0.19, 0.55, 0.91, 1.0])


def test_several_runs_stand_side_by_side(save, save_population, tmp_path, page_of):
    save(tmp_path / "runs" / "a", metrics={"bias": 2.0, "error": 1.0}, scores=("error",), seed=1)
    save(tmp_path / "runs" / "b", options={"size": 5}, metrics={"error": 2.0}, seed=2)
    save(tmp_path / "runs" / "other", problem="hill")
    save_population(tmp_path / "sweep", 4)
    page = page_of(tmp_path / "runs", tmp_path / "sweep", tmp_path / "runs" / "a")
    first, second, *_ = headings(page)
    assert first[:7] == ["run", "solver", "problem.size", "seed", "status", "error", "loss"]
    assert second[:5] == ["run", "problem", "solver", "status", "loss"]
    assert "valley: 3 runs" in page
    assert "other problems: 1 run<" in page
    assert words(page).count("4 runs of valley, hill") == 2  # title and heading
    assert len(re.findall('<section id="run-', page)) == 4
    joint = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page).group(1))
    assert [line["label"].rpartition("/")[2] for line in joint["lines"]] == ["a", "b"]


def test_very_many_runs_are_a_table_alone(save, tmp_path, page_of):
    for number in range(30):
        save(tmp_path / "runs" / f"{number:02}", seed=number, metrics={"error": number / 7})
    page = page_of(tmp_path / "runs")
    assert page.count("<tr><td") == 30
    assert '<section id="run-' not in page
    assert "More than 24 runs are not described one by one." in page
    assert "The first 16 of 30 runs are drawn." in page


def test_a_comparison_is_read_from_its_file(tmp_path, page_of):
    solvers = {"first": "least-squares", "second": {"name": "gradient", "tolerance": None}}
    comparison = px.compare("regression", solvers, seeds=[0, 5], steps=3)
    comparison.to_json(tmp_path / "table.json")
    page = page_of(tmp_path / "table.json", title="Mine")
    assert "<title>Mine</title>" in page
    means, seeds = headings(page)
    assert means[:3] == ["solver", comparison.metrics[0], f"± {comparison.metrics[0]}"]
    assert seeds[:4] == ["solver", "seed", "status", "steps"]
    assert page.count("<img") == 1
    script = html.unescape(re.search("<pre>(.*?)</pre>", page, re.DOTALL).group(1))
    names = {}
    exec(script.replace("print", "again = "), names)
    assert [row.solver for row in names["again"].rows] == list(solvers)
    for one, other in zip(names["again"].rows, comparison.rows, strict=True):
        np.testing.assert_allclose(one.scores["aic"], other.scores["aic"])


@pytest.mark.parametrize("over", [None, {"seed": [3, 5]}])
def test_the_script_in_the_report_repeats_the_run(tmp_path, page_of, over):
    asked = {"steps": 4, "optimizer": {"name": "sgd", "learning_rate": 0.1}, "tolerance": None}
    if over is None:
        run = px.solve("regression", "gradient", seed=2, out=tmp_path / "run", **asked)
    else:
        run = px.sweep("regression", "gradient", over=over, out=tmp_path / "run", **asked)
    page = page_of(tmp_path / "run", figures=False)
    script = html.unescape(re.search("<pre>(import.*?)</pre>", page, re.DOTALL).group(1))
    names = {}
    exec(script, names)
    again = names["solution" if over is None else "population"]
    np.testing.assert_array_equal(again.unknowns, run.unknowns)
    np.testing.assert_array_equal(again.series["loss"], run.series["loss"])


class Slope(px.AbstractProblem):
    """Made by hand."""

    size: int = eqx.field(static=True, default=2)

    def init(self, key):
        return jnp.ones(self.size)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}


def test_a_run_made_by_hand_is_told_but_for_what_only_it_knows(tmp_path, page_of):
    px.solve(Slope(), "gradient", steps=2, out=tmp_path / "run")
    told = words(page_of(tmp_path / "run"))
    assert "The problem was made by hand, from" in told
    assert "By the script that made the problem from" in told


def test_a_figure_that_fails_costs_no_report(solved, page_of, monkeypatch):
    monkeypatch.setattr(type(solved[0].problem), "figures", lambda *_: 1 / 0)
    page = page_of(solved[1])
    assert "The figures could not be made. ZeroDivisionError: division by zero" in page
    assert headings(page)


def test_pictures_drawn_before_stand_in_for_a_plugin_that_is_gone(save, tmp_path, page_of):
    run = save(tmp_path / "a")
    (run / "figures").mkdir()
    (run / "figures" / "path.png").write_bytes(b"\x89PNG")
    (run / "figures" / "mine.png").write_bytes(b"\x89PNG")
    (run / "figures" / ".drawn").write_text("path.png\ngone.png\n")
    page = page_of(run)
    assert re.findall('<img src="data:image/png;base64,[^"]*" alt="([^"]*)">', page) == ["path"]
    assert "drawn before, by `plugax plot`" in page


def test_a_file_that_is_there_is_kept_unless_forced(save, tmp_path):
    run, out = save(tmp_path / "a"), tmp_path / "report.html"
    out.write_text("mine")
    with pytest.raises(px.PlugaxError, match=r"force=True, on the command line --force"):
        write_report(run, out)
    assert out.read_text() == "mine"
    assert write_report(run, out, force=True) == out
    assert out.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("out", "told"),
    [(".", "is a directory"), ("report.pdf", r"ends in \.html"), ("no/a.html", "no directory")],
)
def test_a_target_that_cannot_be_is_refused(save, tmp_path, out, told):
    with pytest.raises(px.PlugaxError, match=told):
        write_report(save(tmp_path / "a"), tmp_path / out)


def test_damage_is_told_of_every_run_and_nothing_is_written(save, tmp_path):
    save(tmp_path / "a")
    (save(tmp_path / "b") / "solution.json").write_text("{")
    (save(tmp_path / "c") / "history-1.rows").unlink()
    with pytest.raises(px.PlugaxError) as caught:
        write_report(tmp_path, tmp_path / "report.html")
    assert str(tmp_path / "b") in str(caught.value)
    assert str(tmp_path / "c") in str(caught.value)
    assert str(tmp_path / "a") not in str(caught.value)
    (save(tmp_path / "b") / "history-1.rows").write_bytes(b"other")
    with pytest.raises(px.PlugaxError, match="damaged or of another run"):
        write_report(tmp_path / "b", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [("{", "is damaged"), ("[1]", "not the file of a comparison"), (None, "does not exist")],
)
def test_a_file_that_is_no_comparison_is_refused(tmp_path, content, told):
    if content is not None:
        (tmp_path / "table.json").write_text(content)
    with pytest.raises(px.PlugaxError, match=told):
        write_report(tmp_path / "table.json", tmp_path / "report.html")


def test_where_no_run_is_that_is_said(tmp_path):
    with pytest.raises(px.PlugaxError, match="no saved run in or below"):
        write_report(tmp_path, tmp_path / "report.html")
    with pytest.raises(px.PlugaxError, match="nothing to report on"):
        write_report([], tmp_path / "report.html")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(px.PlugaxError, match="neither the directory of a run nor"):
        write_report(tmp_path / "notes.txt", tmp_path / "report.html")
