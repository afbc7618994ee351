"""What a notebook shows is legible on light and on dark, in a browser."""

import pytest

import plugax as px

LEAST_CONTRAST = 4.5  # of text, by the WCAG


@pytest.fixture(scope="module")
def shown():
    solution = px.solve("regression", "gradient", steps=20)
    population = px.sweep("regression", "gradient", over={"seed": range(30)}, steps=5)
    return [solution, population, px.problem("regression"), px.default_manager()]


@pytest.mark.parametrize(
    ("scheme", "head"),
    [
        ("light", ""),
        ("dark", '<meta name="color-scheme" content="light dark">'),
        ("dark", ""),  # a page that stays light, though the reader prefers dark
        ("light", "<style>body { background: #111111; color: #eeeeee }</style>"),
    ],
)
def test_it_is_legible_on_light_and_on_dark(page, contrasts, tmp_path, shown, scheme, head):
    body = "".join(one._repr_html_() for one in shown)
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{head}<body>{body}</body>")
    page.emulate_media(color_scheme=scheme)
    page.goto(file.as_uri())
    found = contrasts(page, ".plugax th, .plugax td, .plugax p, .plugax summary")
    assert len(found) > 100
    assert min(found) > LEAST_CONTRAST


def test_a_narrow_page_is_not_scrolled_sideways(page, tmp_path, shown):
    file = tmp_path / "page.html"
    file.write_text(f"<meta charset=utf-8>{''.join(one._repr_html_() for one in shown)}")
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_options_are_shown_at_a_click(page, tmp_path, shown):
    file = tmp_path / "page.html"
    file.write_text(f"<meta charset=utf-8>{shown[0]._repr_html_()}")
    page.goto(file.as_uri())
    option = page.get_by_text("data_seed")
    assert not option.is_visible()
    page.get_by_text("options of the problem").click()
    assert option.is_visible()
