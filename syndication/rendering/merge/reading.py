"""Reads a parsed template and refuses whatever is not a merge field, a few filters, a condition or a short loop."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.merge.names import LINK_NAMES, PUBLICATION_FIELDS, SUBSCRIBER_FIELDS, fields_of, key_of, near_ones, unknown
from syndication.rendering.merge.sandbox import LOOP_FIELDS, PUBLIC_FILTERS, PUBLIC_TESTS
from syndication.rendering.merge.source import RAW_ADVICE

DEEPEST_LOOPS = 2

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


@dataclass(frozen=True, slots=True)
class Source:
    """Where a template comes from, for its errors."""

    where: str

    def wrong(self, message: str, node: nodes.Node) -> BadTemplate:
        """The error about one node."""
        return BadTemplate(message, where=self.where, line=node.lineno)


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
        raise source.wrong(f"there is no filter {node.name}.{near_ones(node.name, sorted(PUBLIC_FILTERS))}", node)
    if isinstance(node, nodes.Test) and node.name not in PUBLIC_TESTS:
        raise source.wrong(f"there is no test {node.name}.{near_ones(node.name, sorted(PUBLIC_TESTS))}", node)
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
            raise source.wrong(f"{name.name} is a group of fields. Name one of them: {fields_of(name.name)}.", name)
        elif name.name not in ("subscriber", "publication", *LINK_NAMES) and name.name not in local:
            raise source.wrong(unknown(name.name), name)
    for part in parts:
        _refuse_field(part, source)


def _refuse_field(node: nodes.Getattr | nodes.Getitem, source: Source) -> None:
    if not isinstance(node.node, nodes.Name):
        return
    root, field = node.node.name, key_of(node)
    known = {"subscriber": SUBSCRIBER_FIELDS, "publication": PUBLICATION_FIELDS, "loop": tuple(LOOP_FIELDS)}.get(root)
    if known is None:
        return
    if root == "publication" and isinstance(node, nodes.Getitem):
        raise source.wrong("write a field of the publication with a dot: publication.name.", node)
    if field not in known:
        raise source.wrong(unknown(f"{root}.{field}"), node)


def _refuse_deep_loops(node: nodes.Node, depth: int, source: Source) -> None:
    for child in node.iter_child_nodes():
        deeper = depth + isinstance(child, nodes.For)
        if deeper > DEEPEST_LOOPS:
            raise source.wrong(f"loops stand {deeper} deep in each other; at most {DEEPEST_LOOPS} are possible.", child)
        _refuse_deep_loops(child, deeper, source)


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
