"""Turns rows into what rendering understands: an article into Content, a publication into Brand."""

from collections.abc import Callable

from syndication.articles.clean_article import CleanArticle
from syndication.articles.models import Article, Publication
from syndication.audience.models import SubscriberList
from syndication.rendering.article import Brand, Content, brand_fields, check_article
from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.characters import allowed, one_line
from syndication.rendering.merge import check
from syndication.rendering.merge.origin import told_by_source


def home_url(publication: Publication, base_url: str) -> str:
    """The public archive of a publication; `base_url` without a slash at the end, as everywhere below."""
    return f"{base_url}/a/{publication.slug}/"


def article_url(article: Article, base_url: str) -> str:
    """The public page of an article. Reads article.publication."""
    return f"{home_url(article.publication, base_url)}{article.slug}/"


def content_of(article: Article, base_url: str) -> Content:
    """What the article says, without the characters that no reader can show: they were pasted, and XML and lxml refuse them."""
    return Content(
        title=one_line(article.title),
        summary=one_line(article.summary),
        html=allowed(article.html),
        author=one_line(article.author),
        language=article.language or article.publication.language,
        published_at=article.published_at,
        permanent_id=article.permanent_id,
        url=article_url(article, base_url),
    )


def brand_of(publication: Publication, base_url: str, subscriber_list: SubscriberList | None = None) -> Brand:
    """Who sends, and through which list when it is a mail; feeds and pages have no list."""
    return Brand(
        name=publication.name,
        description=publication.description,
        language=publication.language,
        postal_address=publication.postal_address,
        sender_name=publication.sender_name,
        sender_address=publication.sender_address,
        reply_to=publication.reply_to,
        mail_domain=publication.mail_domain,
        list_name=subscriber_list.name if subscriber_list else "",
        list_slug=subscriber_list.slug if subscriber_list else "",
        home_url=home_url(publication, base_url),
        time_zone=publication.time_zone,
    )


def field_check(publication: Publication, base_url: str) -> Callable[[CleanArticle], None]:
    """What `bring_in` calls before it writes: refuses merge fields that some reader could not fill. It raises BadTemplate."""
    brand = brand_of(publication, base_url)

    fields = brand_fields(brand)

    def refuse_wrong_fields(clean: CleanArticle) -> None:
        try:
            check_article(clean.title, clean.html, brand)
            check(clean.summary, where="summary", markup=False, brand=fields)
        except BadTemplate as error:
            text = {"title": clean.title, "summary": clean.summary}.get(error.where, clean.html)
            raise told_by_source(error, text, clean.fields, fields) from error

    return refuse_wrong_fields
