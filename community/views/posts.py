"""Home, Explore and single posts."""

import uuid
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cities.models import City
from movr_project.db.keys import CityKeyValue
from movr_project.errors import Refused
from movr_project.web.form_tokens import new_form_token
from movr_project.web.keyset import KeysetPage
from movr_project.web.redirects import post_data, redirect_to_job, safe_next
from rides.models import Ride
from rides.own_rides import ended_ride
from throttling.services import TOO_MANY_REQUESTS, Throttled

from ..forms import PostForm
from ..limits import POST, TRANSLATE, count_act
from ..models import FeedEntry, Post
from ..refusals import CommunityRefused
from ..rows import post_rows
from ..services import delete_post, publish_post
from ..tasks import export_posts
from ..translation import TranslationRefused, can_translate, translate_post

PAGE_SIZE = 25
NEWEST = ("-created_at", "-id")
MAX_KEY_LENGTH = 120
STATUS = {"not_configured": HTTPStatus.NOT_IMPLEMENTED, "failed": HTTPStatus.SERVICE_UNAVAILABLE}


@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """Show the form for a post, and the posts of oneself and of people one follows."""
    form = PostForm(post_data(request), initial={"token": new_form_token(), "ride": request.GET.get("ride", "")})
    status = None
    if request.method == "POST" and form.is_valid():
        try:
            _publish(request, form)
        except Refused as refused:
            form.add_error(None, str(refused))
            status = TOO_MANY_REQUESTS if isinstance(refused, Throttled) else HTTPStatus.CONFLICT
        else:
            messages.success(request, _("Your post is now live!"))
            return redirect("community:home")
    entries = FeedEntry.objects.of_reader(request.user).visible_to(request.user)
    page = KeysetPage.or_first(entries, request.GET.get("cursor", ""), PAGE_SIZE, order=NEWEST)
    context: dict[str, Any] = {"form": form, "page": page, "can_translate": can_translate()}
    context["rows"] = post_rows([entry.post for entry in page], request)
    context["ride"] = _own_ride(request, form["ride"].value() or "")
    context["is_exporting"] = _is_exporting(request)
    return render(request, "community/home.html", context, status=status)


def _is_exporting(request: HttpRequest) -> bool:
    """Return whether the person's posts are being exported. No query unless some job of theirs is active."""
    jobs = request.user.jobs.active().filter(task=export_posts.module_path)
    return request.user.active_jobs > 0 and jobs.exists()


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Export one's own posts in the background."""
    try:
        return redirect_to_job(export_posts.using(user=request.user).enqueue())
    except Refused:
        messages.info(request, _("An export task is currently in progress"))
        return redirect("accounts:profile")


def _publish(request: HttpRequest, form: PostForm) -> None:
    count_act(POST, request.user)
    publish_post(
        author=request.user,
        body=form.cleaned_data["body"],
        token=form.cleaned_data["token"],
        ride=_own_ride(request, form.cleaned_data["ride"]),
    )


def _own_ride(request: HttpRequest, key: str) -> Ride | None:
    """Return an ended ride of the user by its key, ``city:uuid``. None for any other text."""
    if not key or len(key) > MAX_KEY_LENGTH:
        return None
    with suppress(ValueError):
        return ended_ride(request.user, *CityKeyValue.parse(key))
    return None


@require_safe
def explore(request: HttpRequest) -> HttpResponse:
    """Show everybody's posts, or those of people whose home is the current city."""
    posts = Post.objects.visible_to(request.user)
    is_local = request.GET.get("in") == "city"
    if is_local:
        posts = posts.in_city(request.city.name)
    page = KeysetPage.or_first(posts, request.GET.get("cursor", ""), PAGE_SIZE, order=NEWEST)
    context = {"page": page, "rows": post_rows(page, request), "is_local": is_local, "can_translate": can_translate()}
    return render(request, "community/explore.html", context)


@require_safe
def post_detail(request: HttpRequest, city: City, post_id: uuid.UUID) -> HttpResponse:
    post = visible_post(request, city, post_id)
    context = {"post": post, "rows": post_rows([post], request), "can_translate": can_translate()}
    return render(request, "community/post_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def post_delete(request: HttpRequest, city: City, post_id: uuid.UUID) -> HttpResponse:
    """Delete one's own post after asking for confirmation. 404 for other people's."""
    post = visible_post(request, city, post_id)
    if post.author_id != request.user.id:
        raise Http404
    if request.method != "POST":
        return render(request, "community/post_delete.html", {"post": post, "rows": post_rows([post], request)})
    try:
        delete_post(author=request.user, post_id=post.id)
    except CommunityRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Your post has been deleted."))
    return redirect(safe_next(request) or "community:home")


@require_POST
def translate(request: HttpRequest) -> HttpResponse:
    """Translate a post into the reader's language: JSON with ``text``, or with ``error`` and a status."""
    post = _post_of_key(request)
    if post is None:
        return JsonResponse({"error": _("This post doesn't exist any more.")}, status=HTTPStatus.NOT_FOUND)
    try:
        count_act(TRANSLATE, request.user)
        text = translate_post(post, get_language() or "en")
    except Throttled as throttled:
        return JsonResponse({"error": str(throttled)}, status=TOO_MANY_REQUESTS)
    except TranslationRefused as refused:
        return JsonResponse({"error": str(refused)}, status=STATUS[refused.code])
    return JsonResponse({"text": text, "note": _("Translated by a machine")})


def _post_of_key(request: HttpRequest) -> Post | None:
    key = request.POST.get("post", "")
    if len(key) > MAX_KEY_LENGTH:
        return None
    return Post.objects.visible_to(request.user).filter(pk=key).first()


def visible_post(request: HttpRequest, city: City, post_id: uuid.UUID) -> Post:
    return get_object_or_404(Post.objects.visible_to(request.user), city=city.name, id=post_id)
