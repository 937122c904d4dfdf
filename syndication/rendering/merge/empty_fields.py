"""Finds the fields that would be printed although a reader may lack them."""

from collections.abc import Mapping

from jinja2 import nodes

from syndication.rendering.merge.names import LINK_NAMES, label_of
from syndication.rendering.merge.reading import Source

_ALWAYS_THERE = frozenset({"subscriber.address", "subscriber.email", *LINK_NAMES})

Present = frozenset[str]
"""The names of fields that are known to have a value where an expression stands."""


class EmptyFields:
    """Walks a template as it would run, and remembers what an `if` has made sure of."""

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
