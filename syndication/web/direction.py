"""Knows in which direction a language is written."""

_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"})
_SCRIPTS = frozenset({"arab", "hebr", "syrc", "thaa", "nkoo", "adlm"})


def direction(tag: str) -> str:
    """Answer "rtl" or "ltr" for a language tag (BCP 47); a script in it counts for more than the language: az-Arab, ks-Deva."""
    language, *others = tag.strip().lower().replace("_", "-").split("-")
    script = next((one for one in others if len(one) == len("arab") and one.isalpha()), "")
    is_rtl = script in _SCRIPTS if script else language in _RIGHT_TO_LEFT
    return "rtl" if is_rtl else "ltr"
