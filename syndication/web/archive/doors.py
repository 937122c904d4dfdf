"""Opens the pages of the public site: who is found at an address, what has moved or is gone, and what a browser still has."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control, set_response_etag
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from syndication.articles.models import Publication
from syndication.articles.old_addresses import publication_once_at

FRESH_SECONDS = 60
MOVED_SECONDS = 3600  # a move may be taken back
LAST_PAGE, LONGEST_NUMBER = 100_000, 10  # digits

View = Callable[..., HttpResponse]


class Moved(Exception):
    """What lived here has another address now: `path` on this server."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Gone(Exception):
    """What lived here was taken back; `publication` has other things to read."""

    def __init__(self, publication: Publication) -> None:
        super().__init__(publication.slug)
        self.publication = publication


def public_page(view: View) -> Callable[..., HttpResponseBase]:
    """A page for everybody: GET and HEAD, fresh for a minute, 304 for who has it, 301 for what has moved, 410 for what is gone."""

    @csrf_exempt  # whoever posts is told 405, cookie or not
    @require_safe
    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return _fresh(request, view(request, *args, **kwargs))
        except Moved as moved:
            return moved_to(request, moved.path)
        except Gone as gone:
            page = render(request, "public/gone.html", {"publication": gone.publication}, status=HTTPStatus.GONE)
            patch_cache_control(page, public=True, max_age=FRESH_SECONDS)
            return page

    return shown


def publication_at(request: HttpRequest, slug: str) -> Publication:
    """The publication of that name. Raises Moved when it is called otherwise by now, Http404 when there never was one."""
    found = Publication.objects.filter(slug=slug).first()
    if found is None:
        raise_moved(request, slug)
        raise Http404
    return found


def raise_moved(request: HttpRequest, slug: str) -> None:
    """Raise Moved to the same page of the publication that was called `slug` once, if there was one."""
    present = publication_once_at(slug)
    if present:
        raise Moved(_renamed(request.path_info, slug, present.slug))


def or_moved(view: View) -> View:
    """A view whose first part after the door is a publication's name: where it finds none, an old name leads on; a form goes with it."""

    @wraps(view)
    def shown(request: HttpRequest, slug: str, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, slug, *args, **kwargs)
        except Http404:
            present = publication_once_at(slug)
            if present is None:
                raise
            return moved_to(request, _renamed(request.path_info, slug, present.slug))

    return shown


def moved_to(request: HttpRequest, path: str) -> HttpResponse:
    """301 with the query as it was; 308 for a form, which is to be sent again as it is (RFC 9110 15.4.9)."""
    query = request.META.get("QUERY_STRING", "")
    is_read = request.method in {"GET", "HEAD"}
    status = HTTPStatus.MOVED_PERMANENTLY if is_read else HTTPStatus.PERMANENT_REDIRECT
    answer = HttpResponse(status=status, headers={"Location": f"{path}?{query}" if query else path})
    patch_cache_control(answer, public=True, max_age=MOVED_SECONDS)
    return answer


def page_number(request: HttpRequest) -> int:
    """The page that ?page= asks for, 1 for anything that is none."""
    number = request.GET.get("page", "")
    return min(max(int(number), 1), LAST_PAGE) if number.isascii() and number.isdecimal() and len(number) < LONGEST_NUMBER else 1


def _renamed(path: str, old: str, new: str) -> str:
    """/a/old/x as /a/new/x."""
    door, _, rest = path.lstrip("/").partition("/")
    return f"/{door}/{new}{rest[len(old) :]}"


def _fresh(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    patch_cache_control(response, public=True, max_age=FRESH_SECONDS)
    if response.status_code != HTTPStatus.OK:
        return response
    set_response_etag(response)
    return get_conditional_response(request, etag=response["ETag"], response=response) or response
