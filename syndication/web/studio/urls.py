"""The address book of the studio; every staff page is made by staff_route, so that none is open by mistake."""

from django.urls import include, path

from syndication.web.studio import (
    articles,
    bring_in,
    campaigns,
    dashboard,
    feed_health,
    files,
    imports,
    inbound,
    inbox,
    lists,
    placing,
    previews,
    publications,
    publishing,
)
from syndication.web.studio.access import Need, staff_route
from syndication.web.studio.readers import adding, found, growing, held, many, person
from syndication.web.studio.sign_in import sign_in_once

studio = [
    path("login/once/<slug:key>/", sign_in_once, name="sign_in_once"),
    staff_route("studio/", dashboard.dashboard, name="dashboard"),
    staff_route("studio/articles/", articles.articles, name="articles"),
    staff_route("studio/articles/import/", bring_in.article_import, name="article_import", need=Need.EDIT),
    staff_route("studio/articles/<int:article_id>/", articles.article, name="article"),
    staff_route("studio/articles/<int:article_id>/place/", placing.article_place, name="article_place", need=Need.EDIT),
    staff_route("studio/articles/<int:article_id>/publish/", publishing.article_publish, name="article_publish"),
    staff_route("studio/articles/<int:article_id>/unpublish/", publishing.article_unpublish, name="article_unpublish"),
    staff_route("studio/articles/<int:article_id>/files/", files.article_files, name="article_files"),
    staff_route("studio/articles/<int:article_id>/preview/<slug:form>/", previews.article_frame, name="article_frame"),
    staff_route("studio/articles/<int:article_id>/message.eml", previews.article_message, name="article_message"),
    staff_route("studio/campaigns/", campaigns.campaigns, name="campaigns"),
    staff_route("studio/campaigns/new/", campaigns.campaign_new, name="campaign_new", need=Need.EDIT),
    staff_route("studio/campaigns/when/", campaigns.campaign_when, name="campaign_when", need=Need.EDIT),
    staff_route("studio/campaigns/<int:campaign_id>/", campaigns.campaign, name="campaign"),
    staff_route("studio/campaigns/<int:campaign_id>/progress/", campaigns.campaign_progress, name="campaign_progress"),
    staff_route("studio/campaigns/<int:campaign_id>/verify/", campaigns.campaign_verify, name="campaign_verify"),
    staff_route("studio/campaigns/<int:campaign_id>/<slug:act>/", campaigns.campaign_act, name="campaign_act"),
    staff_route("studio/subscribers/", found.subscribers, name="subscribers"),
    staff_route("studio/subscribers/growth/", growing.subscribers_growth, name="subscribers_growth"),
    staff_route("studio/subscribers/many/", many.subscribers_bulk, name="subscribers_bulk", need=Need.EDIT),
    staff_route("studio/subscribers/many/<int:job_id>/", many.bulk_job, name="bulk_job", need=Need.EDIT),
    staff_route("studio/suppressions/", held.suppressions, name="suppressions", need=Need.EDIT),
    staff_route("studio/domains/", held.domains, name="domains", need=Need.EDIT),
    staff_route("studio/subscribers/import/", imports.imports, name="imports", need=Need.EDIT),
    staff_route("studio/subscribers/import/<int:import_id>/", imports.import_page, name="import", need=Need.EDIT),
    staff_route("studio/subscribers/import/<int:import_id>/progress/", imports.import_progress, name="import_progress", need=Need.EDIT),
    staff_route("studio/subscribers/import/<int:import_id>/refused.csv", imports.import_refused, name="import_refused", need=Need.EDIT),
    staff_route("studio/subscribers/import/<int:import_id>/<slug:act>/", imports.import_act, name="import_act", need=Need.EDIT),
    staff_route("studio/subscribers/export.csv", imports.subscribers_export, name="subscribers_export", need=Need.EDIT),
    staff_route("studio/suppressions.csv", imports.suppressions_export, name="suppressions_export", need=Need.OWN),
    staff_route("studio/subscribers/new/", adding.subscriber_new, name="subscriber_new", need=Need.EDIT),
    staff_route("studio/subscribers/<int:subscriber_id>/", person.subscriber, name="subscriber"),
    staff_route("studio/subscribers/<int:subscriber_id>/erase/", person.subscriber_erase, name="subscriber_erase", need=Need.EDIT),
    staff_route("studio/subscribers/<int:subscriber_id>/edit/", person.subscriber_edit, name="subscriber_edit", need=Need.EDIT),
    staff_route("studio/subscribers/<int:subscriber_id>/data/", person.subscriber_data, name="subscriber_data", need=Need.EDIT),
    staff_route("studio/subscribers/<int:subscriber_id>/events/<int:event_id>/undo/", person.event_undo, name="event_undo", need=Need.EDIT),
    staff_route("studio/lists/", lists.lists, name="lists"),
    staff_route("studio/publications/", publications.publications, name="publications"),
    staff_route("studio/publications/new/", publications.publication_new, name="publication_new", need=Need.EDIT),
    staff_route("studio/publications/<int:publication_id>/", publications.publication, name="publication", need=Need.EDIT),
    staff_route("studio/publications/<int:publication_id>/feeds/", feed_health.publication_feeds, name="publication_feeds"),
    staff_route("studio/inbound/", inbound.inbound, name="inbound"),
    staff_route("studio/inbound/<int:mail_id>/", inbound.inbound_mail, name="inbound_mail"),
    staff_route("studio/inbound/faults/<int:fault_id>/mended/", inbound.fault_mended, name="fault_mended", need=Need.EDIT),
    # password-reset links and readers' own links lie there
    staff_route("inbox/", inbox.inbox, name="inbox", need=Need.OWN),
    staff_route("inbox/<str:name>/", inbox.message, name="message", need=Need.OWN),
    staff_route("inbox/<str:name>/html/", inbox.message_html, name="message_html", need=Need.OWN),
    staff_route("inbox/<str:name>/message.eml", inbox.message_file, name="message_file", need=Need.OWN),
]

urlpatterns = [
    path("", include((studio, "studio"))),
    path("accounts/", include("allauth.urls")),
]
