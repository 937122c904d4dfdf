"""The address book of the studio; every staff page is made by staff_route, so that none is open by mistake."""

from django.urls import include, path

from syndication.web.studio.sign_in import sign_in_once

studio = [
    path("login/once/<slug:key>/", sign_in_once, name="sign_in_once"),
]

urlpatterns = [
    path("", include((studio, "studio"))),
    path("accounts/", include("allauth.urls")),
]
