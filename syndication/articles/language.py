"""Guesses the language of a text from its script, else from its most frequent small words."""

import re
from collections import Counter

LONGEST_SAMPLE = 20_000  # characters; more would tell nothing new
FEWEST_HITS = 4
FEWEST_WORDS = 12  # fewer words show no language
CLEAR_LEAD = 1.2  # times the second language's hits

FEWEST_LETTERS = 4  # of a script; a single foreign word shows no language
MOSTLY_KANA = 0.05  # of Japanese is kana at least; Chinese has none
LONGEST_TAG = 35  # characters (BCP 47 4.4.1)

_TAG = re.compile(r"[a-zA-Z]{2,3}(?:[-_][a-zA-Z0-9]{1,8})*")
_SCRIPTS = {
    "kana": "\u3041-\u3096\u30a1-\u30fa\u30fc",
    "zh": "\u3400-\u4dbf\u4e00-\u9fff",
    "ko": "\u1100-\u11ff\uac00-\ud7a3",
    "ar": "\u0620-\u064a\u066e-\u06d3",
    "he": "\u05d0-\u05ea",
    "cyrillic": "\u0400-\u04ff",
    "el": "\u0370-\u03ff\u1f00-\u1fff",
    "th": "\u0e01-\u0e4d",
    "hi": "\u0904-\u0963",
    "latin": "a-zA-Z\u00c0-\u024f",
}
_LETTERS = {script: re.compile(f"[{letters}]") for script, letters in _SCRIPTS.items()}
_ONLY_IN = {"ru": re.compile("[ыэёъ]", re.IGNORECASE), "uk": re.compile("[іїєґ]", re.IGNORECASE)}
_SMALL_WORDS = {
    "en": "the of and to in is that it for was with are this have be on not from which they their at by an as has we you your or but can will",
    "de": "der die das und ist nicht ein eine einen mit von zu den dem im auf für sich auch als wird sind wir ich sie es aber oder nach bei wie dass",
    "fr": "le la les de des et on est une un dans que qui pour pas sur plus avec ce cette sont nous vous il elle au aux du ne mais ou par leur ses",
    "es": "el la los las y es una un en que de del por para con no se su más como pero lo al son está esta este muy también cuando",
    "it": "il lo la gli le e è una un di che in per non con si del della dei sono come ma più questo questa al alla nel anche ci ha",
    "nl": "de het een en van is in dat niet op te met voor zijn aan er maar ook om bij nog naar uit dan deze wordt worden hebben wij je",
    "pt": "o a os as e é uma um em que de do da dos das por para com não se mais como mas no na são está este esta também muito ao",
    "sv": "och att det som en ett är på av för med den inte till har de om var jag så från men eller vi du kan ska när alla mycket",
    "da": "og at det som en et er på af for med den ikke til har de om var jeg så fra men eller vi du kan skal når alle meget",
    "pl": "i w na się nie do to jest że z jak po co tak za od ale czy już są przez dla oraz który która które być może tylko także",
    "cs": "a v na se je že to s z do jako pro za by ale jsou tak po když nebo jen být aby má jsme který která také podle už",
    "fi": "ja on ei se että oli hän mutta ovat kun niin myös joka tai jos kuin sen mitä vain voi olla tämä ovat sekä nyt",
}
_SETS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_WORD = re.compile(r"[^\W\d_]{2,}")  # single letters are words in too many languages


def language_of(text: str) -> str:
    """The BCP 47 code of the text's language, or "" when the text is too short or the answer is not clear."""
    sample = text[:LONGEST_SAMPLE]
    return _by_script(sample) or _by_words(sample)


def tag_of(given: str) -> str:
    """The language tag (BCP 47) as the standard spells it, with hyphens; "" when it is none."""
    tag = given.strip()
    return tag.replace("_", "-") if len(tag) <= LONGEST_TAG and _TAG.fullmatch(tag) else ""


def _by_script(sample: str) -> str:
    """The language whose script most letters are of; "" for Latin, which many share."""
    if sample.isascii():
        return ""
    counts = {script: len(letters.findall(sample)) for script, letters in _LETTERS.items()}
    east = counts["kana"] + counts["zh"]
    kana = counts.pop("kana")
    counts["zh"] = east
    script, most = max(counts.items(), key=lambda one: one[1])
    if most < FEWEST_LETTERS or script == "latin":
        return ""
    if script == "zh":
        return "ja" if kana >= MOSTLY_KANA * east else "zh"
    if script == "cyrillic":
        return max(_ONLY_IN, key=lambda language: len(_ONLY_IN[language].findall(sample)))
    return script


def _by_words(sample: str) -> str:
    words = Counter(_WORD.findall(sample.lower()))
    hits = {language: sum(count for word, count in words.items() if word in small) for language, small in _SETS.items()}
    if words.total() < FEWEST_WORDS:
        return ""
    (best, most), (_, second) = Counter(hits).most_common(2)
    return best if most >= FEWEST_HITS and most >= second * CLEAR_LEAD else ""
