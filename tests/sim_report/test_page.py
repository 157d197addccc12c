"""The file that a supervisor gets: its numbers are those of the JSON, and nothing in it is anybody else's."""

import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, async_playwright
from typer.testing import CliRunner

from sim.cli import app
from sim.report import Language
from sim.report.wording import amount, half_width, number
from sim.results import BY_KEY, FIGURES, HALF_HOURS, HOUSE, Summary, Unit
from sim.study import Comparison
from tests.sim_model.test_scenario import CITY, SMALL

EVIL = "<script>alert('x')</script>\"><img src=//evil.example>{{ 7*7 }}"
LOADS = {"script", "link", "img", "iframe", "object", "embed", "source", "video", "audio", "image", "use", "base"}


class Reader(HTMLParser):
    """Tags, and tables by caption: rows of (text, small print, value for machines, class)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[list[str]]]] = {}
        self._into: list[str] | None = None
        self._place = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "caption":
            self._into, self._place = ["", "", ""], 0
        elif tag == "tr":
            list(self.tables.values())[-1].append([])
        elif tag in ("td", "th"):
            self._into, self._place = ["", "", "", given.get("class") or ""], 0
            list(self.tables.values())[-1][-1].append(self._into)
        elif tag == "small":
            self._place = 1
        elif tag == "data" and self._into is not None:
            self._into[2] = given["value"] or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "caption" and self._into is not None:
            caption = self._into[0]
            # Two tables of one name do not overwrite each other.
            self.tables[caption if caption not in self.tables else f"{caption} 2"] = []
        if tag in ("td", "th", "caption"):
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into[self._place] = (self._into[self._place] + data).strip()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    (folder / "city.yaml").write_text(CITY)
    (folder / "small.yaml").write_text(SMALL)
    return folder / "small.yaml"


def told(small: Path, *words: str) -> tuple[str, str]:
    """HTML, and what went to the terminal."""
    file = small.parent / "report.html"
    found = CliRunner().invoke(app, [words[0], str(small), "--cores", "1", "--html", str(file), *words[1:]])
    assert found.exit_code == 0, found.output
    return file.read_text(encoding="utf-8"), found.stdout


@pytest.fixture(scope="module")
def run(small: Path) -> tuple[str, Summary]:
    html, told_json = told(small, "run", "-n", "6", "--json")
    return html, msgspec.json.decode(told_json, type=Summary)


@pytest.fixture(scope="module")
def comparison(small: Path) -> tuple[str, Comparison]:
    words = ("-c", "learn an lez", "-c", "calls 1.3 lez", "-p", "asterisk-queue")
    html, told_json = told(small, "compare", "-n", "6", "--json", *words)
    return html, msgspec.json.decode(told_json, type=Comparison)


def test_the_figures_by_line_are_those_of_the_json(run: tuple[str, Summary]) -> None:
    html, found = run
    head, *rows = Reader(html).tables["De lijnen"]
    assert [cell[0] for cell in head[2:]] == [figure.names["nl"] for figure in FIGURES]
    assert [row[0][0] for row in rows] == ["alle lijnen", "Info", "LEZ"]
    for row, line in zip(rows, found.lines, strict=True):
        assert row[1][0] == number(Language.NL, line.n["entered"], 0)
        for cell, figure in zip(row[2:], FIGURES, strict=True):
            value = line.values[figure.key]
            assert value is not None
            assert cell[:2] == [
                amount(Language.NL, value.mean, figure.unit),
                half_width(Language.NL, value, figure.unit),
            ]
            assert float(cell[2]) == value.mean


def test_every_figure_has_its_formula_and_n(run: tuple[str, Summary]) -> None:
    html, found = run
    rows = Reader(html).tables["Het hele contactcenter"][1:]
    assert len(rows) == len(FIGURES) + len(HOUSE)
    for row, figure in zip(rows, FIGURES, strict=False):
        assert row[0][0] == figure.names["nl"] and row[1][0]
        assert row[3][0] == number(Language.NL, found.total.n[figure.key], 0)
    for row, house in zip(rows[len(FIGURES) :], HOUSE, strict=True):
        value = found.house[house.key]
        assert value is not None and float(row[2][2]) == value.mean


def test_the_half_hours_are_those_of_the_json(run: tuple[str, Summary]) -> None:
    html, found = run
    rows = Reader(html).tables["De dag per halfuur"][1:]
    assert [row[0][0] for row in rows] == [half.start for half in found.total.half_hours]
    for row, half in zip(rows, found.total.half_hours, strict=True):
        for cell, key in zip(row[1:], HALF_HOURS, strict=False):
            value = getattr(half, key)
            assert (cell[2] and float(cell[2])) == ("" if value is None else value.mean)
    pinch = Reader(html).tables["Waar het knelt"]
    at_ten = next(row for row in pinch if row[0][0] == "10:00")
    assert float(at_ten[1][2]) == next(h for h in found.lines[1].half_hours if h.start == "10:00").reachability.mean  # type: ignore[union-attr]


def test_the_half_hours_add_up_to_the_day(run: tuple[str, Summary]) -> None:
    _, found = run
    for row in found.lines:
        entered = row.values["entered"]
        assert entered is not None
        assert sum(half.entered.mean for half in row.half_hours) == pytest.approx(entered.mean)
        assert sum(half.n for half in row.half_hours) == row.n["reachability"]
        assert sum(one.n for one in row.waits) == row.n["asa"]
        assert sum(one.share.mean for one in row.waits) == pytest.approx(1.0)


def test_shares_of_few_calls_are_weak(small: Path) -> None:
    html, told_json = told(small, "run", "-n", "2", "--json", "-c", "calls 0.02")
    found: Summary = msgspec.json.decode(told_json, type=Summary)
    rows = Reader(html).tables["De lijnen"][1:]
    for row, line in zip(rows, found.lines, strict=True):
        for cell, figure in zip(row[2:], FIGURES, strict=True):
            if line.values[figure.key] is not None:
                assert ("weak" in cell[3]) == (line.n[figure.key] < 10)
                assert ("°" in cell[0]) == (line.n[figure.key] < 10)


def test_the_differences_are_those_of_the_json(comparison: tuple[str, Comparison]) -> None:
    html, found = comparison
    rows = Reader(html).tables["Wat elke wijziging brengt"][1:]
    assert [row[0][0] for row in rows] == [
        "1. An leert LEZ",
        "2. 1,3 keer zoveel oproepen voor LEZ",
        "3. Verdelen met Asterisks eigen Queue() (rrmemory)",
    ]
    for row, one in zip(rows, found.changes, strict=True):
        for cell, key in zip(row[1:], ("answered", "reachability", "service_level", "asa"), strict=True):
            value = getattr(one, key)
            unit = BY_KEY[key].unit if key in BY_KEY else Unit.COUNT
            assert float(cell[2]) == value.mean and cell[0] == amount(Language.NL, value.mean, unit, signed=True)
    by_line = Reader(html).tables["beantwoord per dag"][1:]
    for n, row in enumerate(by_line):
        assert [float(cell[2]) for cell in row[1:]] == [one.lines[n].answered.mean for one in found.changes]  # type: ignore[union-attr]


def test_it_says_which_policy_was_used(run: tuple[str, Summary], small: Path) -> None:
    html, found = run
    assert (
        found.policy == "fixed_queue_ratio/least_skilled"
        and "engine van acd (fixed_queue_ratio / least_skilled)" in html
    )
    html, terminal = told(small, "run", "-n", "2", "-p", "asterisk-queue/leastrecent")
    assert "Asterisks eigen Queue() (leastrecent)" in html and "model van Asterisks eigen Queue()" in html
    assert "verdeling asterisk-queue/leastrecent" in terminal


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("words", [("run",), ("compare", "-c", "learn an lez"), ("skills",)])
def test_nothing_comes_from_elsewhere(small: Path, language: Language, words: tuple[str, ...]) -> None:
    html, _ = told(small, *words, "-n", "2", "-l", language)
    tags = Reader(html).tags
    assert not {tag for tag, _ in tags} & LOADS
    assert not [attrs for _, attrs in tags if attrs.keys() & {"src", "href", "xlink:href", "srcset", "style"}]
    assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:|//", html)
    assert f'<html lang="{language}">' in html


def test_hostile_names_are_text(small: Path, tmp_path: Path) -> None:
    evil = json.dumps(EVIL)
    names = (CITY.replace("{nl: Info}", f"{{nl: {evil}}}").replace("name: An,", f"name: {evil},"), SMALL)
    (tmp_path / "city.yaml").write_text(names[0])
    (tmp_path / "small.yaml").write_text(SMALL.replace("{nl: Klein}", f"{{nl: {evil}}}\nabout: {{nl: {evil}}}"))
    for words in (
        ("run", "-n", "3"),
        ("compare", "-n", "3", "-c", "learn an lez", "-c", "calls 2 info"),
        ("skills", "-n", "2"),
    ):
        html, _ = told(tmp_path / "small.yaml", *words)
        assert not {tag for tag, _ in Reader(html).tags} & LOADS
        assert "&lt;script&gt;" in html and "<script" not in html and "{{ 7*7 }}" in html


def test_every_chart_has_its_words_and_a_table(run: tuple[str, Summary], comparison: tuple[str, Comparison]) -> None:
    for html in (run[0], comparison[0]):
        for section in html.split("<section>")[2:]:
            if "<svg" in section:
                assert "<table>" in section
        pictures = [attrs for tag, attrs in Reader(html).tags if tag == "svg"]
        assert pictures and all(attrs["role"] == "img" and attrs["aria-label"] for attrs in pictures)


def test_one_replication_promises_nothing(small: Path) -> None:
    for words in (("run",), ("compare", "-c", "without an")):
        html, _ = told(small, *words, "-n", "1")
        assert "Eén herhaling zegt niets zeker" in html
        assert "(zeker)" not in html and "inf" not in re.sub(r"[Ii]nfo|informed", "", html)


@pytest.mark.parametrize("where", ["nowhere/report.html", "."])
def test_a_file_that_cannot_be_is_said_before_the_work(small: Path, where: str) -> None:
    found = CliRunner().invoke(app, ["run", str(small), "-n", "10000", "--html", str(small.parent / where)])
    assert found.exit_code == 1 and "no file can be written there" in found.output


@pytest_asyncio.fixture(loop_scope="function")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.mark.browser
async def test_everybody_can_read_it(
    chromium: Browser, run: tuple[str, Summary], comparison: tuple[str, Comparison]
) -> None:
    """WCAG 2.2 AA as axe checks it, and nothing runs over the edge of a desk's or a phone's screen."""
    for html in (run[0], comparison[0]):
        for width in (1280, 390):
            page = await chromium.new_page(viewport={"width": width, "height": 900})
            await page.set_content(html)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            found = await Axe().run(
                page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
            )
            assert found.violations_count == 0, found.generate_report()
            await page.close()


@pytest.mark.parametrize("language", list(Language))
def test_callbacks_are_shown_beside_the_live_figures(tmp_path: Path, language: Language) -> None:
    """Reached, kept and broken promises, as it is and after the change, each with its difference."""
    file = tmp_path / "callbacks.html"
    words = [
        "compare",
        "callback_week",
        "-n",
        "2",
        "--cores",
        "1",
        "--json",
        "-c",
        "callback never",
        "-l",
        language.value,
    ]
    found = CliRunner().invoke(app, [*words, "--html", str(file)])
    assert found.exit_code == 0, found.output
    whole = msgspec.json.decode(found.stdout, type=Comparison)
    title = {Language.NL: "Terugbelafspraken", Language.EN: "Callbacks", Language.FR: "Rappels"}[language]
    _, before, never = Reader(file.read_text(encoding="utf-8")).tables[title]
    reached, kept, broken = (whole.before.total.values[key] for key in ("reached", "kept", "broken"))
    assert reached is not None and kept is not None and broken is not None
    assert [float(before[n][2]) for n in (1, 3, 5)] == [reached.mean, kept.mean, broken.mean]
    (change,) = whole.changes
    assert change.reached is not None and float(never[2][2]) == change.reached.mean
    assert never[3][0] == "–"
