"""The address book of the web."""

from django.urls import include, path

urlpatterns = [
    path("", include("syndication.web.studio.urls")),
]
