"""The colours of the public pages can be read by everybody: WCAG 2.2, 1.4.3 (text 4.5:1) and 1.4.11 (borders of fields 3:1)."""

import re
from pathlib import Path

import pytest

SHEET = (Path(__file__).parents[2] / "syndication" / "web" / "static" / "public.css").read_text()
TEXT = [(ink, ground) for ink in ("ink", "soft", "accent", "bad") for ground in ("paper", "wash")] + [
    ("accent-ink", "accent"),
    ("ink", "field"),
    ("ink", "mark"),
    ("soft", "field"),
]
BORDERS = [("field-line", "field"), ("field-line", "paper"), ("field-line", "wash")]


def colours(scheme: str) -> dict[str, str]:
    light, dark = SHEET.split("@media (prefers-color-scheme: dark)", maxsplit=1)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", light.split("}", maxsplit=1)[0]))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", dark.split("}", maxsplit=1)[0])) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_fields_stand_out_from_their_ground(scheme):
    has = colours(scheme)
    pairs = [(*pair, 4.5) for pair in TEXT] + [(*pair, 3) for pair in BORDERS]
    weak = {
        f"{one} on {other}": round(contrast(has[one], has[other]), 2)
        for one, other, least in pairs
        if contrast(has[one], has[other]) < least
    }
    assert weak == {}
