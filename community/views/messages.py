"""Private messages, as conversations."""

import uuid
from contextlib import suppress
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from movr_project.errors import Refused
from movr_project.web.form_tokens import new_form_token
from movr_project.web.keyset import KeysetPage
from movr_project.web.redirects import post_data
from throttling.services import TOO_MANY_REQUESTS, Throttled

from ..forms import MessageForm
from ..limits import MESSAGE, count_act
from ..models import Conversation, Message
from ..querysets import people_to_write_to
from ..rows import message_rows
from ..services import mark_read, send_message

PAGE_SIZE = 25


@require_safe
def conversation_list(request: HttpRequest) -> HttpResponse:
    conversations = Conversation.objects.of_owner(request.user).visible_to(request.user)
    page = KeysetPage.or_first(conversations, request.GET.get("cursor", ""), PAGE_SIZE, order=("-last_at", "-id"))
    return render(request, "community/conversation_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def conversation(request: HttpRequest, username: str) -> HttpResponse:
    """Show the messages with one person, the newest first, and the form for another one if they can get one."""
    person, can_write = _person_and_whether_to_write(request, username)
    form = MessageForm(post_data(request), initial={"token": new_form_token()})
    status = None
    if request.method == "POST" and form.is_valid():
        try:
            _send(request, person, form)
        except Refused as refused:
            form.add_error(None, str(refused))
            status = TOO_MANY_REQUESTS if isinstance(refused, Throttled) else HTTPStatus.CONFLICT
        else:
            messages.success(request, _("Your message has been sent."))
            return redirect("community:conversation", person.username)
    between = Message.objects.between(request.user, person).visible_to(request.user)
    page = KeysetPage.or_first(between, request.GET.get("cursor", ""), PAGE_SIZE, order=("-created_at", "-id"))
    unread_ids = [message.id for message in page if message.is_unread and message.recipient_id == request.user.id]
    context = {"person": person, "form": form, "page": page, "rows": message_rows(page, request, person)}
    context |= {"unread_ids": unread_ids, "can_write": can_write}
    return render(request, "community/conversation.html", context, status=status)


def _send(request: HttpRequest, person: User, form: MessageForm) -> None:
    count_act(MESSAGE, request.user)
    data = form.cleaned_data
    send_message(sender=request.user, recipient=person, body=data["body"], token=data["token"])


@require_POST
def conversation_read(request: HttpRequest, username: str) -> HttpResponse:
    """Mark the messages that a page has shown as read: by a script, or by its button without one."""
    person, _can_write = _person_and_whether_to_write(request, username)
    ids = []
    for text in request.POST.getlist("message")[:PAGE_SIZE]:
        with suppress(ValueError):
            ids.append(uuid.UUID(text))
    mark_read(reader=request.user, other=person, message_ids=ids)
    return redirect("community:conversation", person.username)


def _person_and_whether_to_write(request: HttpRequest, username: str) -> tuple[User, bool]:
    """Return whom a conversation is with, and whether the user can write to them.

    A conversation can still be read if the other person has hidden their profile since, or is suspended. Otherwise its
    unread messages would count for ever.
    """
    person = people_to_write_to(request.user).filter(username=username).first()
    if person:
        return person, True
    conversations = Conversation.objects.of_owner(request.user).visible_to(request.user)
    return get_object_or_404(conversations, other__username=username).other, False
