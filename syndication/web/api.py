"""The API under /api/: what programs may read; each answer is declared, and its description is at /api/docs."""

from datetime import datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Path, Query, Schema
from ninja.errors import ValidationError
from ninja.security import SessionAuth
from pydantic import Field

from syndication.articles.models import Article, Publication
from syndication.campaigns.models import Campaign
from syndication.campaigns.status import status
from syndication.errors import NotFound
from syndication.web.signup_api import router as sign_ups
from syndication.web.studio.access import guarded

LARGEST_ID = 2**63 - 1  # what a bigint column holds

api = NinjaAPI(
    title="Syndication",
    version="1",
    description="Read what the studio shows. Sign in to the studio first: the API takes the same session.",
    auth=SessionAuth(csrf=False),  # what takes the session changes nothing; signing up takes none
    docs_decorator=guarded,
    urls_namespace="api",
)

api.add_router("", sign_ups)

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Word = Annotated[str, Query(max_length=80, pattern=r"^[A-Za-z0-9_-]*$")]


class Problem(Schema):
    """Why there is no answer."""

    detail: str


class PublicationOut(Schema):
    """A publication: who sends."""

    id: int
    slug: str
    name: str
    description: str
    sender_name: str
    sender_address: str
    language: str
    time_zone: str


class ArticleOut(Schema):
    """An article without its body."""

    id: int
    slug: str
    publication: str = Field(alias="publication.slug")
    state: str
    title: str
    summary: str
    author: str
    tags: list[str]
    language: str
    revision: int
    permanent_id: str
    published_at: datetime | None
    updated_at: datetime


class ArticleWhole(ArticleOut):
    """An article with its body as clean HTML; merge fields stand as typed."""

    html: str


class CampaignOut(Schema):
    """A campaign without its counts."""

    id: int
    publication: str = Field(alias="publication.slug")
    article: str = Field(alias="article.slug")
    list: str = Field(alias="list.slug")
    subject: str
    state: str
    starts_at: datetime | None
    created_at: datetime


class CampaignStatus(Schema):
    """Where a campaign stands: a count for each delivery state; `audience` is null until its readers are found."""

    id: int
    state: str
    subject: str
    audience: int | None
    deliveries: dict[str, int]
    starts_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    waits_because: str
    problem: str


READ: Any = {401: Problem, 422: Problem}
READ_ONE: Any = {**READ, 404: Problem}


@api.exception_handler(NotFound)
def _not_found(request: HttpRequest, error: NotFound) -> HttpResponse:
    return api.create_response(request, {"detail": str(error)}, status=404)


@api.exception_handler(ValidationError)
def _not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    said = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors)
    return api.create_response(request, {"detail": said}, status=422)


@api.get("/publications", response={200: list[PublicationOut], **READ}, summary="Publications")
def publications(request: HttpRequest, limit: Limit = 50, offset: Offset = 0) -> QuerySet[Publication]:  # noqa: ARG001
    """Every publication, by name."""
    return Publication.objects.order_by("name", "pk")[offset : offset + limit]


@api.get("/articles", response={200: list[ArticleOut], **READ}, summary="Articles")
def articles(
    request: HttpRequest,  # noqa: ARG001
    publication: Word = "",
    state: Word = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> QuerySet[Article]:
    """Articles, the last changed first; `publication` is a slug, `state` is draft or published."""
    rows = Article.objects.select_related("publication").order_by("-updated_at", "-pk")
    wanted = {"publication__slug": publication, "state": state}
    return rows.filter(**{name: value for name, value in wanted.items() if value})[offset : offset + limit]


@api.get("/articles/{article_id}", response={200: ArticleWhole, **READ_ONE}, summary="One article")
def article(request: HttpRequest, article_id: Id) -> Article:  # noqa: ARG001
    """An article with its body."""
    found = Article.objects.select_related("publication").filter(pk=article_id).first()
    if found is None:
        raise NotFound(f"There is no article {article_id}.")
    return found


@api.get("/campaigns", response={200: list[CampaignOut], **READ}, summary="Campaigns")
def campaigns(request: HttpRequest, state: Word = "", limit: Limit = 50, offset: Offset = 0) -> QuerySet[Campaign]:  # noqa: ARG001
    """Campaigns, the newest first."""
    rows = Campaign.objects.select_related("publication", "article", "list").order_by("-pk")
    return (rows.filter(state=state) if state else rows)[offset : offset + limit]


@api.get("/campaigns/{campaign_id}", response={200: CampaignStatus, **READ_ONE}, summary="Where a campaign stands")
def campaign(request: HttpRequest, campaign_id: Id) -> dict[str, Any]:  # noqa: ARG001
    """The same counts as `syndication campaign status`."""
    return status(campaign_id).as_json()
