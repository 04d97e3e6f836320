"""Every colour of the design tokens has enough contrast where it is used, in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broadcast.design_tokens import LINES_ON, NOT_FOR_TEXT, SPACES, TEXT_ON, TEXT_SIZES

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text(encoding="utf-8")
COMPONENTS = (CSS / "components.css").read_text(encoding="utf-8")
TEXT, SIGN = 4.5, 3.0


def tokens_after(selector: str) -> dict[str, str]:
    """What the first block behind `selector` sets."""
    block = TOKENS.split(selector, 1)[1].split("{", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))


ALWAYS = tokens_after("in both themes")
LIGHT = {**ALWAYS, **tokens_after(':root, [data-theme="light"]')}
DARK = {**ALWAYS, **tokens_after('\n[data-theme="dark"]')}
DARK_BY_WISH = {**ALWAYS, **tokens_after(':root:not([data-theme="light"])')}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


PAIRS = [(ink, ground, TEXT) for ink, grounds in TEXT_ON.items() for ground in grounds] + [
    (line, ground, SIGN) for line, grounds in LINES_ON.items() for ground in grounds
]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS, ids=str)
def test_contrast_is_enough(theme: dict[str, str], ink: str, ground: str, least: float) -> None:
    assert contrast(theme[ink], theme[ground]) >= least


def test_both_ways_to_the_dark_theme_are_one_theme() -> None:
    assert DARK == DARK_BY_WISH
    assert set(LIGHT) == set(DARK)


def test_no_colour_is_forgotten() -> None:
    told = {*TEXT_ON, *LINES_ON, *NOT_FOR_TEXT}
    told |= {ground for grounds in (*TEXT_ON.values(), *LINES_ON.values()) for ground in grounds}
    assert set(LIGHT) == told


def test_known_contrasts() -> None:
    """The formula itself (WCAG 2.2, relative luminance)."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_design_shows_every_measure() -> None:
    assert tuple(re.findall(r"--space-(\d+):", TOKENS)) == SPACES
    assert set(re.findall(r"--text-(\w+):", TOKENS)) == set(TEXT_SIZES)


@pytest.mark.parametrize("sheet", sorted(CSS.glob("*.css")), ids=lambda path: path.name)
def test_style_sheets_ask_for_tokens_that_are_there(sheet: Path) -> None:
    known = set(re.findall(r"--([\w-]+):", TOKENS)) | {"tint"}  # set and used in one sheet
    assert set(re.findall(r"var\(--([\w-]+)", sheet.read_text(encoding="utf-8"))) <= known


def test_components_take_their_colours_from_the_tokens() -> None:
    """All but black veils over pictures, and what lies on them."""
    plain = re.findall(r"#[0-9a-fA-F]{3,8}\b(?![\w-]*\")", COMPONENTS)
    assert [colour for colour in plain if colour != "#fff" and not colour.startswith("#check")] == []
