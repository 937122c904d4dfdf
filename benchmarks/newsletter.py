"""The newsletter that the load programs send, some 33.5 KB on the wire with ten links and the reader's name, and its readers."""

SENTENCES = (
    "The ferry left the quay a little after six, when the light on the water was still grey and the gulls had not begun to quarrel.",
    "Nobody on board had slept well, and yet nobody wanted to be anywhere else.",
    "A ledger lay open on the captain's table, its columns ruled by hand in the winter when there was nothing else to do.",
    "Each crate had its own line there, and beside the line a mark for the port where it came aboard.",
    "What could not be found in the book was not on the ship; that was the rule, and it had never been broken.",
    "The second mate, who had come from Malmö with a suitcase full of seeds, kept the watch until noon.",
    "By then the wind had turned, and the coast lay before us like a sentence that somebody had forgotten to finish.",
    "We counted the crates again in the harbour, and the sum was the same as in the morning.",
    "Old Tomás says that a good count is worth more than a fast one, but he has never been late in his life.",
    "In the evening the market opened, and the first of the seeds were sold for three crowns a handful.",
)
LINKS = 10
PARAGRAPHS = 31


def article() -> str:
    """A Markdown source with front matter."""
    lines = [
        "---",
        "title: The ferry that never lost a crate",
        "summary: On counting, on the sea, and on why the two belong together.",
        "author: Ines Holmgren",
        "language: en",
        "---",
        "",
        'Good morning, {{ subscriber.first_name | default("dear reader") }}. This letter is about a ship that carries what it was given.',
        "",
    ]
    linked = {round(number * PARAGRAPHS / LINKS) for number in range(LINKS)}
    for number in range(PARAGRAPHS):
        first = number % len(SENTENCES)
        words = " ".join((SENTENCES + SENTENCES)[first : first + 2])
        if number in linked:
            words += f" The whole story stands in [chapter {number + 1} of the log](https://log.example.org/2026/chapter-{number + 1:02}?from=letter)."
        if number % 8 == 3:
            lines += [f"## Day {number // 8 + 1}", ""]
        if number % 11 == 5:
            lines += [f"> {SENTENCES[(first + 4) % len(SENTENCES)]}", ""]
        lines += [words, ""]
    lines += [
        "- crates out: 412",
        "- crates home: 412",
        "- crates explained: 0",
        "",
        'Until next week, {{ subscriber.name | default("dear reader") }}.',
        "",
    ]
    return "\n".join(lines)


def name_of(number: int) -> str:
    """Every reader has another name."""
    return f"Reader Number{number}"


def address_of(number: int) -> str:
    """Every reader has another address."""
    return f"reader{number}@example.org"


if __name__ == "__main__":
    print(article())
