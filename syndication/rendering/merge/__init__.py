"""Puts a reader's name and the like into a text, safely: compile once, fill for each reader.

    compile_merge('Hello {{ subscriber.first_name | default("there") }}', where="subject", markup=False, brand={})
        .fill(reader, {"page_url": "https://…"})

source finds the fields in a text; names knows which exist; reading and empty_fields refuse wrong ones; sandbox, filters,
limits and values are the room in which the others are worked out; template compiles and fills; questions, finder, pieces and
shapes do the same as fast as a hundred thousand readers need it; publication writes in what all readers share.
"""

from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.merge.pieces import fixed_template
from syndication.rendering.merge.publication import with_publication
from syndication.rendering.merge.questions import Answers, Encoding
from syndication.rendering.merge.sandbox import printable
from syndication.rendering.merge.shapes import Shapes
from syndication.rendering.merge.template import MergeTemplate, check, compile_merge, compile_pieces
from syndication.rendering.merge.values import Fields, reader_fields

__all__ = [
    "Answers",
    "BadTemplate",
    "Encoding",
    "Fields",
    "MergeTemplate",
    "Shapes",
    "check",
    "compile_merge",
    "compile_pieces",
    "fixed_template",
    "printable",
    "reader_fields",
    "with_publication",
]
