"""The address book of the web. Addresses in mails and feeds live for ever: none here may change without a redirect."""

from django.urls import include, path, re_path

from syndication.web import answers, error_pages, feeds, health, hooks, hub, preferences, private_feeds, signup
from syndication.web.api import api
from syndication.web.archive import following, front, listings, piece, searching, topics
from syndication.web.archive.doors import or_moved

handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler500 = error_pages.failed

urlpatterns = [
    path("", front.home, name="home"),
    path("robots.txt", listings.robots, name="robots"),
    path("sitemap.xml", listings.sitemap_index, name="sitemap_index"),
    path("hub", hub.hub, name="hub"),
    path("a/<slug:slug>/", front.archive, name="archive"),
    path("a/<slug:slug>/tags/", topics.tags, name="tags"),
    path("a/<slug:slug>/tags/<str:topic_slug>/", topics.tag, name="tag"),
    path("a/<slug:slug>/authors/", topics.authors, name="authors"),
    path("a/<slug:slug>/authors/<str:topic_slug>/", topics.author, name="author"),
    path("a/<slug:slug>/search/", searching.search, name="search"),
    path("a/<slug:slug>/feeds/", following.follow, name="follow"),
    path("a/<slug:slug>/feeds.opml", listings.opml, name="opml"),
    path("a/<slug:slug>/sitemap.xml", listings.sitemap, name="sitemap"),
    path("a/<slug:slug>/<slug:article_slug>/", piece.article, name="article"),
    path("feeds/<slug:slug>/<str:file_name>", feeds.document, name="feed"),
    path("feeds/<path:rest>", feeds.document),
    path("s/<slug:slug>/", or_moved(signup.ask_to_subscribe), name="subscribe"),
    path("s/<slug:slug>/embed/", or_moved(signup.embed), name="embed"),
    path("c/<str:token>/", signup.confirm, name="confirm"),
    path("c/<str:token>/feed/", signup.by_feed, name="confirm_by_feed"),
    path("u/<str:token>/", answers.unsubscribe, name="unsubscribe"),
    path("u/<str:token>", answers.unsubscribe),  # a program that dropped the slash must not be answered by a redirect (RFC 8058 3.1)
    path("u/<str:token>/undo/", answers.undo, name="undo"),
    path("p/<str:token>/", preferences.page, name="preferences"),
    path("p/<str:token>/lists/<slug:list_slug>/", preferences.choose, name="preferences_list"),
    path("p/<str:token>/leave-all/", preferences.leave_all, name="preferences_leave_all"),
    path("p/<str:token>/feed/", preferences.feed, name="preferences_feed"),
    path("p/<str:token>/about/", preferences.describe, name="preferences_about"),
    path("p/<str:token>/data/", preferences.download, name="preferences_data"),
    path("p/<str:token>/close-links/", preferences.revoke, name="preferences_revoke"),
    path("p/<str:token>/erase/", preferences.erase, name="preferences_erase"),
    path("f/<str:token>/", private_feeds.page, name="private_feed_page"),
    path("f/<str:token>/<str:file_name>", private_feeds.document, name="private_feed"),
    # what a mail program cut off or glued on: the same page as for every link that does not work; a missing last slash is added
    re_path(r"^[cfup]/(?:[^/]+/(?!undo$).+)?$", answers.damaged, name="damaged"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("hooks/<slug:provider>/", hooks.hook, name="hook"),
    path("api/", api.urls),
    path("", include("syndication.web.studio.urls")),
]
