"""The address book of the web. Addresses in mails and feeds live for ever: none here may change without a redirect."""

from django.urls import include, path, re_path

from syndication.web import answers, error_pages, feeds, health, hooks, preferences, private_feeds, public, signup
from syndication.web.api import api

handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler500 = error_pages.failed

urlpatterns = [
    path("", public.home, name="home"),
    path("a/<slug:slug>/", public.archive, name="archive"),
    path("a/<slug:slug>/<slug:article_slug>/", public.article, name="article"),
    path("feeds/<slug:slug>/<str:file_name>", feeds.document, name="feed"),
    path("feeds/<path:rest>", feeds.document),
    path("s/<slug:slug>/", signup.ask_to_subscribe, name="subscribe"),
    path("s/<slug:slug>/embed/", signup.embed, name="embed"),
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
