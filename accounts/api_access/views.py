"""The pages on which people see and revoke their tokens."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from movr_project.web.access import terms_not_required

from .services import revoke_token, valid_tokens


@terms_not_required
@require_safe
def token_list(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/token_list.html", {"tokens": valid_tokens(request.user)})


@terms_not_required
@require_POST
def token_revoke(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    if not revoke_token(user_id=request.user.id, token_id=token_id):
        raise Http404
    messages.success(request, _("The token has been revoked."))
    return redirect("accounts:token_list")
