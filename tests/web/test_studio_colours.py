"""The colours of the studio can be read by everybody: WCAG 2.2, 1.4.3 (text 4.5:1) and 1.4.11 (borders of fields 3:1)."""

import re
from pathlib import Path

import pytest

SHEET = (Path(__file__).parents[2] / "syndication" / "web" / "static" / "studio.css").read_text()
TEXT = [
    *((ink, paper) for ink in ("ink", "soft", "accent", "good", "warn", "bad") for paper in ("paper", "card")),
    *(("ink", paper) for paper in ("hover", "accent-wash", "good-wash", "warn-wash", "bad-wash")),
    *((name, f"{name}-wash") for name in ("accent", "good", "warn", "bad")),
    ("accent-ink", "accent"),
    ("soft", "hover"),
    ("accent", "hover"),
]
BORDERS = [("line-strong", "card"), ("line-strong", "paper")]


def colours(scheme: str) -> dict[str, str]:
    light, dark = SHEET.split("@media (prefers-color-scheme: dark)", maxsplit=1)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", light.split("}", maxsplit=1)[0]))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", dark.split("}", maxsplit=1)[0])) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(scheme):
    has = colours(scheme)
    weak = {f"{ink} on {paper}": round(contrast(has[ink], has[paper]), 2) for ink, paper in TEXT if contrast(has[ink], has[paper]) < 4.5}
    assert weak == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_borders_of_fields_can_be_seen(scheme):
    has = colours(scheme)
    assert all(contrast(has[line], has[ground]) >= 3 for line, ground in BORDERS)
