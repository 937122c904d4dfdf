"""Knows which merge fields exist and reads a template for mistakes before it meets a reader."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import nodes

from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.merge_sandbox import LOOP_FIELDS, PUBLIC_FILTERS, PUBLIC_TESTS
from syndication.rendering.merge_source import RAW_ADVICE

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
LINK_NAMES = ("unsubscribe_url", "page_url", "confirm_url")
DEEPEST_LOOPS = 2
KNOWN = (
    *(f"subscriber.{field}" for field in SUBSCRIBER_FIELDS),
    *(f"publication.{field}" for field in PUBLICATION_FIELDS),
    *LINK_NAMES,
)
_ALWAYS_THERE = frozenset({"subscriber.address", "subscriber.email", *LINK_NAMES})
_MEANT = {
    "email": "subscriber.address",
    "mail": "subscriber.address",
    "firstname": "subscriber.first_name",
    "lastname": "subscriber.last_name",
}
_ALLOWED_NODES: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.Filter,
    nodes.Test, nodes.If, nodes.For, nodes.Assign, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos, nodes.Concat,
    nodes.List, nodes.Tuple, nodes.Slice, nodes.Keyword,
)  # fmt: skip
_SAID = {
    nodes.Call: "calling something with ( )",
    nodes.Dict: "a dictionary in { }",
    nodes.AssignBlock: "a set block; write {% set name = value %}",
}
_LINK_START = re.compile(
    r"\b(?:href|src|action|formaction|poster|background|cite)\s*=\s*(?:\"([^\"<>]*)|'([^'<>]*)|([^\s\"'<>]*))$", re.IGNORECASE
)
_LINK_IS_SETTLED = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:|/|#|\?|\.)")

Present = frozenset[str]
"""The names of fields that are known to have a value where an expression stands."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a template comes from, for its errors."""

    where: str

    def wrong(self, message: str, node: nodes.Node) -> BadTemplate:
        """The error about one node."""
        return BadTemplate(message, where=self.where, line=node.lineno)


# ------------------------------------------------------------------ what may stand in a template at all


def refuse_forbidden(template: nodes.Template, source: Source) -> None:
    """Raise BadTemplate for anything but fields, the few filters and tests, conditions and short loops."""
    local = set(_local_names(template))
    for node in template.find_all(nodes.Node):
        _refuse_node(node, source)
    _refuse_names(template, local, source)
    _refuse_deep_loops(template, 0, source)


def _refuse_node(node: nodes.Node, source: Source) -> None:
    if not isinstance(node, _ALLOWED_NODES):
        what = _SAID.get(type(node), f"{{% {type(node).__name__.lower()} %}}")
        raise source.wrong(f"{what} is not possible in a merge template. {RAW_ADVICE}", node)
    if isinstance(node, nodes.Filter) and node.name not in PUBLIC_FILTERS:
        raise source.wrong(f"there is no filter {node.name}.{_near(node.name, sorted(PUBLIC_FILTERS))}", node)
    if isinstance(node, nodes.Test) and node.name not in PUBLIC_TESTS:
        raise source.wrong(f"there is no test {node.name}.{_near(node.name, sorted(PUBLIC_TESTS))}", node)
    if isinstance(node, nodes.Filter | nodes.Test) and (node.dyn_args or node.dyn_kwargs):
        raise source.wrong("* and ** cannot stand in front of a filter's values.", node)
    if isinstance(node, nodes.List | nodes.Tuple) and getattr(node, "ctx", "load") == "load":
        _refuse_nested_list(node, source)
    if isinstance(node, nodes.For) and node.recursive:
        raise source.wrong("a loop cannot be recursive here.", node)


def _refuse_nested_list(node: nodes.List | nodes.Tuple, source: Source) -> None:
    """Only fixed values: a list made of lists doubles at each step, and no mail needs one."""
    for item in node.items:
        inner = item.node if isinstance(item, nodes.Neg | nodes.Pos) else item
        if not isinstance(inner, nodes.Const):
            raise source.wrong('a list may hold only fixed values, such as ["a", "b"].', node)


def _local_names(template: nodes.Template) -> Iterator[str]:
    for node in template.find_all(nodes.Name):
        if node.ctx == "store":
            yield node.name
    if template.find(nodes.For):
        yield "loop"


def _refuse_names(template: nodes.Template, local: set[str], source: Source) -> None:
    parts: list[nodes.Getattr | nodes.Getitem] = [*template.find_all(nodes.Getattr), *template.find_all(nodes.Getitem)]
    bases = {id(part.node) for part in parts}
    for name in template.find_all(nodes.Name):
        if name.ctx == "store":
            if name.name in ("subscriber", "publication", "loop", *LINK_NAMES) or name.name.startswith("_"):
                raise source.wrong(f"{name.name} is taken. Give your own value another name.", name)
        elif name.name in ("subscriber", "publication") and id(name) not in bases:
            raise source.wrong(f"{name.name} is a group of fields. Name one of them: {_fields_of(name.name)}.", name)
        elif name.name not in ("subscriber", "publication", *LINK_NAMES) and name.name not in local:
            raise source.wrong(_unknown(name.name), name)
    for part in parts:
        _refuse_field(part, source)


def _refuse_field(node: nodes.Getattr | nodes.Getitem, source: Source) -> None:
    if not isinstance(node.node, nodes.Name):
        return
    root, field = node.node.name, _key_of(node)
    known = {"subscriber": SUBSCRIBER_FIELDS, "publication": PUBLICATION_FIELDS, "loop": tuple(LOOP_FIELDS)}.get(root)
    if known is None:
        return
    if root == "publication" and isinstance(node, nodes.Getitem):
        raise source.wrong("write a field of the publication with a dot: publication.name.", node)
    if field not in known:
        raise source.wrong(_unknown(f"{root}.{field}"), node)


def _refuse_deep_loops(node: nodes.Node, depth: int, source: Source) -> None:
    for child in node.iter_child_nodes():
        deeper = depth + isinstance(child, nodes.For)
        if deeper > DEEPEST_LOOPS:
            raise source.wrong(f"loops stand {deeper} deep in each other; at most {DEEPEST_LOOPS} are possible.", child)
        _refuse_deep_loops(child, deeper, source)


def _unknown(name: str) -> str:
    meant = _MEANT.get(name.rpartition(".")[2].lower().replace("_", ""))
    near = [meant] if meant else difflib.get_close_matches(name, KNOWN, n=2, cutoff=0.6)
    if not near:
        last = name.rpartition(".")[2]
        near = [known for known in KNOWN if known.rpartition(".")[2] in difflib.get_close_matches(last, _LAST_PARTS, n=2, cutoff=0.6)]
    hint = f" Did you mean {_listed(near)}?" if near else f" These exist: {', '.join(KNOWN)}."
    if name.startswith("subscriber."):
        hint += f" A field of your own is written subscriber.attributes.{name.partition('.')[2]}."
    return f"there is no merge field {name}.{hint} {RAW_ADVICE}"


_LAST_PARTS = tuple(known.rpartition(".")[2] for known in KNOWN)


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=2)
    return f" Did you mean {_listed(near)}?" if near else f" These exist: {', '.join(known)}."


def _listed(names: list[str]) -> str:
    return " or ".join(dict.fromkeys(names))


def _fields_of(root: str) -> str:
    return ", ".join(known for known in KNOWN if known.startswith(f"{root}."))


def _key_of(node: nodes.Getattr | nodes.Getitem) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return str(node.arg.value) if isinstance(node.arg, nodes.Const) else "…"


def label_of(node: nodes.Node) -> str | None:
    """The name of a field, "subscriber.attributes.plan", None for any other expression."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        base = label_of(node.node)
        return f"{base}.{_key_of(node)}" if base else None
    return None


# ------------------------------------------------------------------ links


def check_links(template: nodes.Template, source: Source) -> None:
    """Have every field that could decide where a link leads pass through the link filter.

    The static text is read in order; a field that stands in href, src and the like, before a scheme or a slash has
    settled the kind of address, is wrapped.
    """
    before = ""
    for output in template.find_all(nodes.Output):
        for position, part in enumerate(output.nodes):
            if isinstance(part, nodes.TemplateData):
                before = (before + part.data)[-2_000:]
                continue
            start = _LINK_START.search(before)
            if start and not _LINK_IS_SETTLED.match(next(group for group in (*start.groups(), "") if group is not None)):
                _refuse_scheme(output.nodes[position + 1 : position + 2], source)
                output.nodes[position] = nodes.Filter(part, "_link", [], [], None, None, lineno=part.lineno)


def _refuse_scheme(following: list[nodes.Expr], source: Source) -> None:
    if following and isinstance(following[0], nodes.TemplateData) and following[0].data.lstrip().startswith(":"):
        raise source.wrong("a merge field cannot be the first part of a link, before the colon. Write https:// there.", following[0])


# ------------------------------------------------------------------ fields that can be empty


class EmptyFields:
    """Finds fields that would be printed although a reader may lack them.

    It walks the template as it would run, and remembers what an `if` has made sure of.
    """

    def __init__(self, source: Source, brand: Mapping[str, str]) -> None:
        self._source = source
        self._there = _ALWAYS_THERE | {f"publication.{name}" for name, value in brand.items() if value.strip()}

    def refuse(self, template: nodes.Template) -> None:
        """Raise BadTemplate for the first such field, saying how to write it."""
        self._walk(template.body, self._there)

    def _walk(self, body: list[nodes.Node], present: Present) -> None:
        for node in body:
            if isinstance(node, nodes.Output):
                for part in node.nodes:
                    self._needs(part, present)
            elif isinstance(node, nodes.If):
                self._walk_if(node, present)
            elif isinstance(node, nodes.For):
                self._looks(node.iter, present)
                self._walk(node.body, present | _stored(node.target))
                self._walk(node.else_, present)
            elif isinstance(node, nodes.Assign):
                self._needs(node.node, present)
                present = present | _stored(node.target)

    def _walk_if(self, node: nodes.If, present: Present) -> None:
        self._looks(node.test, present)
        self._walk(node.body, present | _when_true(node.test))
        present = present | _when_false(node.test)
        for branch in node.elif_:
            self._looks(branch.test, present)
            self._walk(branch.body, present | _when_true(branch.test))
            present = present | _when_false(branch.test)
        self._walk(node.else_, present)

    def _needs(self, node: nodes.Node, present: Present) -> None:
        """The value is used for good: it must be there."""
        label = label_of(node)
        if label is not None:
            self._refuse_absent(node, label, present)
        elif isinstance(node, nodes.Filter) and node.name in ("default", "d"):
            if node.node is not None:
                self._looks(node.node, present)
            for argument in [*node.args, *(keyword.value for keyword in node.kwargs)]:
                self._needs(argument, present)
        elif isinstance(node, nodes.Or):
            self._looks(node.left, present)
            self._needs(node.right, present | _when_false(node.left))
        elif isinstance(node, nodes.And):
            self._needs(node.left, present)
            self._needs(node.right, present | _when_true(node.left))
        elif isinstance(node, nodes.CondExpr):
            self._needs_choice(node, present)
        elif isinstance(node, nodes.Compare | nodes.Not | nodes.Test):
            self._looks(node, present)
        else:
            for child in node.iter_child_nodes():
                self._needs(child, present)

    def _needs_choice(self, node: nodes.CondExpr, present: Present) -> None:
        self._looks(node.test, present)
        self._needs(node.expr1, present | _when_true(node.test))
        if node.expr2 is None:
            raise self._source.wrong('"… if …" prints nothing useful otherwise. Add: else "…"', node)
        self._needs(node.expr2, present | _when_false(node.test))

    def _looks(self, node: nodes.Node, present: Present) -> None:
        """The value is only asked about: it may be missing, but not the values that it is compared with by size."""
        if label_of(node) is not None:
            return
        if isinstance(node, nodes.Compare) and any(operand.op in ("lt", "lteq", "gt", "gteq") for operand in node.ops):
            for part in (node.expr, *(operand.expr for operand in node.ops)):
                self._needs(part, present)
        elif isinstance(node, nodes.And):
            self._looks(node.left, present)
            self._looks(node.right, present | _when_true(node.left))
        elif isinstance(node, nodes.Or):
            self._looks(node.left, present)
            self._looks(node.right, present | _when_false(node.left))
        elif isinstance(node, nodes.Not | nodes.Compare | nodes.Operand | nodes.Test):
            for child in node.iter_child_nodes():
                self._looks(child, present)
        else:
            self._needs(node, present)

    def _refuse_absent(self, node: nodes.Node, label: str, present: Present) -> None:
        if label in present or label.startswith("loop."):
            return
        advice = f'{{{{ {label} | default("…") }}}}'
        raise self._source.wrong(f"{label} can be empty. Say what stands there then: {advice}", node)


def _stored(target: nodes.Node) -> Present:
    names = [target] if isinstance(target, nodes.Name) else list(target.find_all(nodes.Name))
    return frozenset(name.name for name in names)


def _when_true(test: nodes.Node) -> Present:  # noqa: PLR0911  one line for each kind of test
    """Fields that must have a value when the test holds."""
    label = label_of(test)
    if label is not None:
        return frozenset({label})
    if isinstance(test, nodes.And):
        return _when_true(test.left) | _when_true(test.right)
    if isinstance(test, nodes.Or):
        return _when_true(test.left) & _when_true(test.right)
    if isinstance(test, nodes.Not):
        return _when_false(test.node)
    if isinstance(test, nodes.Test) and test.name == "defined":
        return _when_true(test.node) if label_of(test.node) else frozenset()
    if isinstance(test, nodes.Compare) and len(test.ops) == 1 and test.ops[0].op in ("eq", "in"):
        fixed = isinstance(test.ops[0].expr, nodes.Const | nodes.List | nodes.Tuple)
        return _when_true(test.expr) if fixed and label_of(test.expr) else frozenset()
    return frozenset()


def _when_false(test: nodes.Node) -> Present:
    """Fields that must have a value when the test does not hold."""
    if isinstance(test, nodes.Not):
        return _when_true(test.node)
    if isinstance(test, nodes.Or):
        return _when_false(test.left) | _when_false(test.right)
    if isinstance(test, nodes.And):
        return _when_false(test.left) & _when_false(test.right)
    if isinstance(test, nodes.Test) and test.name == "undefined":
        return _when_true(test.node) if label_of(test.node) else frozenset()
    return frozenset()
