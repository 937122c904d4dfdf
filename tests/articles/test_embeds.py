"""Readers of mails and feeds see no player, so a known one becomes a link, and the importer hears of it."""

import pytest

from syndication.articles.cleaning import clean
from syndication.articles.embeds import of_frame

PICTURE = "https://i.ytimg.com/vi/dQw4w9WgXcQ/hqdefault.jpg"
WATCH = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"


@pytest.mark.parametrize(
    ("frame", "page", "picture"),
    [
        ("https://www.youtube.com/embed/dQw4w9WgXcQ?rel=0", WATCH, PICTURE),
        ("//www.youtube-nocookie.com/embed/dQw4w9WgXcQ", WATCH, PICTURE),
        ("https://www.youtube.com/embed/videoseries?list=PL1", "https://www.youtube.com/playlist?list=PL1", ""),
        ("https://player.vimeo.com/video/76979871?h=1", "https://vimeo.com/76979871", ""),
        ("https://open.spotify.com/embed/episode/4rOoJ6Egrf8K2IrywzwOMk", "https://open.spotify.com/episode/4rOoJ6Egrf8K2IrywzwOMk", ""),
        (
            "https://w.soundcloud.com/player/?url=https%3A//soundcloud.com/a/b&color=%23ff",
            "https://soundcloud.com/a/b",
            "",
        ),
        (
            "https://tube.example/videos/embed/9c9de5e8-0a1e-484a-b099-e80766180a6d",
            "https://tube.example/w/9c9de5e8-0a1e-484a-b099-e80766180a6d",
            "",
        ),
        ("https://clips.twitch.tv/embed?clip=Odd&parent=a.example", "https://clips.twitch.tv/Odd", ""),
        ("https://bandcamp.com/EmbeddedPlayer/album=1/", "https://bandcamp.com/EmbeddedPlayer/album=1/", ""),
    ],
)
def test_a_known_player_leads_to_its_page(frame, page, picture):
    embed = of_frame(frame)
    assert embed is not None
    assert (embed.url, embed.picture) == (page, picture)


@pytest.mark.parametrize(
    "frame",
    ["https://ads.example/banner", "about:blank", "javascript:x()", "https://[broken", "", "https://www.googletagmanager.com/ns.html?id=1"],
)
def test_what_nobody_knows_is_no_link(frame):
    assert of_frame(frame) is None


def test_an_imported_player_is_a_linked_picture_with_its_title():
    article = clean(
        f'<h1>T</h1><p>Look:</p><iframe src="{WATCH.replace("watch?v=", "embed/")}" title="A pond"></iframe><p>End.</p>', name="a.html"
    )
    assert article.html == (
        f'<p>Look:</p>\n<figure><a href="{WATCH}"><img src="{PICTURE}" alt="A pond"></a>'
        f'<figcaption><a href="{WATCH}">A pond</a></figcaption></figure>\n<p>End.</p>'
    )


def test_the_importer_hears_what_stands_in_a_players_place():
    article = clean('<h1>T</h1>\n<p>Look:</p>\n<iframe src="https://player.vimeo.com/video/1"></iframe>', name="a.html")
    assert [(one.line, one.text, one.why) for one in article.dropped] == [
        (3, "https://player.vimeo.com/video/1", "a player; a link to https://vimeo.com/1 stands in its place")
    ]


@pytest.mark.parametrize(
    "player",
    [
        '<video poster="https://a.example/p.jpg"><source src="https://a.example/v.mp4"></video>',
        '<audio src="https://a.example/s.mp3"></audio>',
        '<object data="https://www.youtube.com/v/dQw4w9WgXcQ"><embed src="https://www.youtube.com/v/dQw4w9WgXcQ"></object>',
        '<object><param name="movie" value="https://www.youtube.com/v/dQw4w9WgXcQ"></object>',
        '<p>in text <iframe data-src="https://www.youtube.com/embed/dQw4w9WgXcQ"></iframe> and on</p>',
    ],
)
def test_cleaning_what_became_of_a_player_changes_nothing_more(player):
    once = clean(f"<h1>T</h1><p>a</p>{player}", name="a.html")
    assert once.html.count("<a href=") >= 1
    assert clean(f"<h1>T</h1>{once.html}", name="a.html").html == once.html


def test_a_frame_that_nobody_knows_is_dropped_and_named():
    article = clean('<h1>T</h1><p>a</p><iframe src="https://ads.example/x"></iframe>', name="a.html")
    assert article.html == "<p>a</p>"
    assert [(one.text, one.why) for one in article.dropped] == [("https://ads.example/x", "a frame")]
