"""Reporting, and what someone reads about a decision of staff."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cities.models import City
from movr_project.errors import Refused
from movr_project.web.redirects import post_data
from throttling.services import TOO_MANY_REQUESTS, Throttled

from ..forms import ObjectionForm, ReportForm
from ..limits import REPORT, count_act
from ..models import Decision, Message, Reason
from ..refusals import CommunityRefused
from ..services.moderation import Item, object_to, report_item
from .people import seen_person
from .posts import visible_post

page_with_a_form = require_http_methods(["GET", "HEAD", "POST"])


@page_with_a_form
def report_post(request: HttpRequest, city: City, post_id: uuid.UUID) -> HttpResponse:
    return _report(request, Item.of(visible_post(request, city, post_id)))


@page_with_a_form
def report_message(request: HttpRequest, city: City, message_id: uuid.UUID) -> HttpResponse:
    received = Message.objects.visible_to(request.user).received_by(request.user).select_related("sender")
    return _report(request, Item.of(get_object_or_404(received, city=city.name, id=message_id)))


@page_with_a_form
def report_person(request: HttpRequest, username: str) -> HttpResponse:
    return _report(request, Item.of(seen_person(request, username)))


def _report(request: HttpRequest, item: Item) -> HttpResponse:
    form = ReportForm(post_data(request))
    status = None
    if request.method == "POST" and form.is_valid():
        try:
            count_act(REPORT, request.user)
            reason = Reason(form.cleaned_data["reason"])
            report_item(reporter=request.user, item=item, reason=reason, details=form.cleaned_data["details"])
        except Refused as refused:
            form.add_error(None, str(refused))
            status = TOO_MANY_REQUESTS if isinstance(refused, Throttled) else HTTPStatus.CONFLICT
        else:
            messages.success(request, _("Thanks for reporting this. We'll look at it and tell you what we decide."))
            return redirect("community:home")
    return render(request, "community/report.html", {"form": form, "item": item}, status=status)


@page_with_a_form
def decision(request: HttpRequest, city: City, decision_id: uuid.UUID) -> HttpResponse:
    """Show the statement of reasons to the person whom the decision is about, with a form to object to it."""
    found = get_object_or_404(Decision.objects.about(request.user), city=city.name, id=decision_id)
    form = ObjectionForm(post_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            object_to(person=request.user, decision_id=found.id, text=form.cleaned_data["text"])
        except CommunityRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("We've received your objection. We'll notify you of the outcome."))
        return redirect(found)
    return render(request, "community/decision.html", {"decision": found, "form": form})
