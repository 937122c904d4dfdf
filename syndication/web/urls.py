"""The address book of the web."""

urlpatterns: list[object] = []
