"""The search for posts and people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.querysets import UserQuerySet
from movr_project.web.keyset import KeysetPage

from .. import search as index
from ..querysets import people_seen_by
from ..rows import post_rows
from ..translation import can_translate

PAGE_SIZE = 25
PEOPLE_SHOWN = 5


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Search posts and, on the first page, people by username. Without a text, go to Explore."""
    text = request.GET.get("q", "").replace("\0", " ").strip()[: index.MAX_QUERY_LENGTH]
    if not text:
        return redirect("community:explore")
    posts = index.query(text, viewer=request.user)
    page = KeysetPage.or_first(posts, request.GET.get("cursor", ""), PAGE_SIZE, order=index.BY_RELEVANCE)
    people = [] if page.previous else list(_people(request, text)[:PEOPLE_SHOWN])
    context = {"text": text, "page": page, "rows": post_rows(page, request), "people": people}
    return render(request, "community/search.html", context | {"can_translate": can_translate()})


def _people(request: HttpRequest, text: str) -> UserQuerySet:
    """Return people whose username begins with the text."""
    name = text.removeprefix("@").lower()
    return people_seen_by(request.user).filter(username__startswith=name).by_username()
