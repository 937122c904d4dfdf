"""Fills the templates of one mailing for one reader after another: readers alike in all that decides share a shape, ready but for its slots.

The newsletter of a publication has one shape, or a few: who pays and who does not, who asked for which topics. What is left to do for
a reader is to find the shape and to write the name and the links into it.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from syndication.rendering.merge.limits import LARGEST_OUTPUT, MergeFault, TooMuch
from syndication.rendering.merge.pieces import PieceTemplate, Slot
from syndication.rendering.merge.questions import NOBODY, Answers, Source, Step

MOST_SHAPES = 256  # that are kept
MOST_PIECES = 1_000  # of a shape that is kept
LARGEST_OWN = 8_000  # octets of a shape that is kept, besides the fixed text, which all shapes share
PATIENCE = 4  # times MOST_SHAPES shapes may be made before it counts how few readers share one


class EndsInNothing(MergeFault):
    """The last slot of a text is empty, so that the piece before it should have been written as the last one."""


Text = Sequence[PieceTemplate]
"""Templates whose pieces follow one another."""


class Shape(NamedTuple):
    """All that is known of the texts before the slots are written for one reader.

    slots    from what they are written, how a plain value is, and how the others are, one after the other
    fixed    the pieces of all texts that are not slots
    arrange  for each text: picks its pieces, in order, out of the fixed ones and the written slots after them
    is_long  the texts must be measured when they are filled
    """

    slots: list[tuple[Source, Step, list[Step]]]
    fixed: list[Any]
    arrange: list[Callable[[list[Any]], Sequence[Any]]]
    is_long: bool


class Shapes:
    """The texts of one mailing, filled together; fill() may be called from any thread."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self._texts = [tuple(text) for text in texts]
        self._templates = [template for text in texts for template in text]
        controls = {control.words: control for template in self._templates for control in template.controls}.values()
        self._controls = [control.ask for control in controls if not control.is_attribute]
        self._attributes = [control.ask for control in controls if control.is_attribute]
        self._no_attributes = self._asked_of_nobody()  # most readers have none
        self._kept: dict[Any, Shape] = {}
        self._asked = 0
        self.made = 0
        """Shapes made so far, to be kept or not."""
        self._is_worth_keeping = True

    @property
    def kept(self) -> int:
        """Shapes that are kept now, at most MOST_SHAPES."""
        return len(self._kept)

    def fill(self, answers: Answers) -> list[Sequence[Any]]:
        """The pieces of each text for one reader; joined they are the text. Raises whatever a value may do."""
        slots, fixed, arrange, is_long = self._shape(answers)
        pieces = fixed.copy()
        for source, plain, writes in slots:
            value = source(answers)
            piece = plain(value)
            pieces += [piece] * len(writes) if piece is not None else [write(value) for write in writes]
        texts = [pick(pieces) for pick in arrange]
        if is_long and any(sum(map(len, text)) > LARGEST_OUTPUT for text in texts):
            raise TooMuch(f"the result may be longer than {LARGEST_OUTPUT:,} characters.")
        return texts

    # ------------------------------------------------------------------ inside

    def _shape(self, answers: Answers) -> Shape:
        if not self._is_worth_keeping:
            return self._new(answers)
        try:
            without = None if answers.row.attributes else self._no_attributes
            key = tuple([ask(answers) for ask in self._attributes]) if without is None else without
            if self._controls:
                key = key, *[ask(answers) for ask in self._controls]
        except TypeError:  # a value that is not worth comparing
            return self._new(answers)
        self._asked += 1
        return self._kept.get(key) or self._keep(key, answers)

    def _asked_of_nobody(self) -> tuple[Any, ...] | None:
        """What the attributes of a reader without any answer; None when that is not worth comparing."""
        try:
            return tuple([ask(NOBODY) for ask in self._attributes])
        except TypeError:
            return None

    def _new(self, answers: Answers) -> Shape:
        self.made += 1
        return _shape(self._texts, answers)

    def _keep(self, key: Any, answers: Answers) -> Shape:
        shape = self._new(answers)
        if len(self._kept) >= MOST_SHAPES:
            self._kept.clear()
            self._is_worth_keeping = self.made < PATIENCE * MOST_SHAPES or self.made * 2 < self._asked
        own_octets = sum(len(piece) for piece in shape.fixed if not any(id(piece) in template.constants for template in self._templates))
        if len(shape.fixed) <= MOST_PIECES and own_octets <= LARGEST_OWN:
            self._kept[key] = shape
        return shape


def _shape(texts: Iterable[Text], answers: Answers) -> Shape:
    arranged = [[piece for template in text for piece in _ended(template, answers)] for text in texts]
    fixed = [piece for pieces in arranged for piece in pieces if type(piece) is not Slot]
    alike: dict[tuple[Source, Step], dict[Slot, None]] = {}
    for slot in (piece for pieces in arranged for piece in pieces if type(piece) is Slot):
        alike.setdefault((slot.source, slot.plain or _never_plain), {})[slot] = None
    numbers = {slot: len(fixed) + number for number, slot in enumerate(slot for slots in alike.values() for slot in slots)}
    at = iter(range(len(fixed)))
    arrange = [_picking([numbers[piece] if type(piece) is Slot else next(at) for piece in pieces]) for pieces in arranged]
    largest = max(sum(piece.largest if type(piece) is Slot else len(piece) for piece in pieces) for pieces in arranged)
    slots = [(source, plain, [slot.write for slot in among]) for (source, plain), among in alike.items()]
    return Shape(slots, fixed, arrange, largest > LARGEST_OUTPUT)


def _never_plain(_value: Any) -> None:
    """A slot whose template does something to every value."""


def _ended(template: PieceTemplate, answers: Answers) -> list[Any]:
    """The pieces and slots of one template, the last one as it ends the whole."""
    pieces = template.pieces(answers)
    while pieces and not pieces[-1]:
        del pieces[-1]
    if pieces:
        last = pieces[-1]
        is_slot = type(last) is Slot
        pieces[-1] = last._replace(write=_last(last.write, template.encoding.ended), plain=None) if is_slot else template.last(last)
    return pieces


def _last(write: Step, ended: Callable[[Any], Any]) -> Step:
    def write_last(value: Any) -> Any:
        piece = write(value)
        if not piece:  # the piece before it is the last one then
            raise EndsInNothing("a text ends in nothing.")
        return ended(piece)

    return write_last


def _picking(order: list[int]) -> Callable[[list[Any]], Sequence[Any]]:
    return itemgetter(*order) if len(order) > 1 else lambda pieces: [pieces[at] for at in order]
