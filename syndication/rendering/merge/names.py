"""The merge fields that exist, and near ones for a name that does not."""

import difflib

from jinja2 import nodes

from syndication.rendering.merge.source import RAW_ADVICE

SUBSCRIBER_FIELDS = ("first_name", "last_name", "name", "address", "email", "locale", "attributes")
PUBLICATION_FIELDS = (
    "name",
    "description",
    "language",
    "postal_address",
    "sender_name",
    "sender_address",
    "reply_to",
    "list_name",
    "home_url",
)
LINK_NAMES = ("unsubscribe_url", "page_url", "confirm_url", "preferences_url")

KNOWN = (
    *(f"subscriber.{field}" for field in SUBSCRIBER_FIELDS),
    *(f"publication.{field}" for field in PUBLICATION_FIELDS),
    *LINK_NAMES,
)

_MEANT = {
    "email": "subscriber.address",
    "mail": "subscriber.address",
    "firstname": "subscriber.first_name",
    "lastname": "subscriber.last_name",
}

_LAST_PARTS = tuple(known.rpartition(".")[2] for known in KNOWN)


def unknown(name: str) -> str:
    """What to say about a name that does not exist."""
    meant = _MEANT.get(name.rpartition(".")[2].lower().replace("_", ""))
    near = [meant] if meant else difflib.get_close_matches(name, KNOWN, n=2, cutoff=0.6)
    if not near:
        last = name.rpartition(".")[2]
        near = [known for known in KNOWN if known.rpartition(".")[2] in difflib.get_close_matches(last, _LAST_PARTS, n=2, cutoff=0.6)]
    hint = f" Did you mean {_listed(near)}?" if near else f" These exist: {', '.join(KNOWN)}."
    if name.startswith("subscriber."):
        hint += f" A field of your own is written subscriber.attributes.{name.partition('.')[2]}."
    return f"there is no merge field {name}.{hint} {RAW_ADVICE}"


def near_ones(name: str, known: list[str]) -> str:
    """A hint: the known names that are spelled nearly like this one, else all of them."""
    near = difflib.get_close_matches(name, known, n=2)
    return f" Did you mean {_listed(near)}?" if near else f" These exist: {', '.join(known)}."


def _listed(names: list[str]) -> str:
    return " or ".join(dict.fromkeys(names))


def fields_of(root: str) -> str:
    """The fields of a group, for a sentence."""
    return ", ".join(known for known in KNOWN if known.startswith(f"{root}."))


def key_of(node: nodes.Getattr | nodes.Getitem) -> str:
    """The last part of a path: "name" of subscriber.name."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    return str(node.arg.value) if isinstance(node.arg, nodes.Const) else "…"


def label_of(node: nodes.Node) -> str | None:
    """The name of a field, "subscriber.attributes.plan", None for any other expression."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        base = label_of(node.node)
        return f"{base}.{key_of(node)}" if base else None
    return None
