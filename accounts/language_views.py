"""The language selector in the footer of every page."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from movr_project.web.redirects import safe_next

from .services import choose_language

UNKNOWN = _("MovR isn't available in that language.")


class LanguageForm(forms.Form):
    language = forms.ChoiceField(
        choices=lambda: settings.LANGUAGES,
        error_messages={"required": UNKNOWN, "invalid_choice": UNKNOWN},
    )


@login_not_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Change the language on this device and, for a logged-in user, of the account."""
    form = LanguageForm(request.POST)
    response = redirect(safe_next(request) or "home")
    if not form.is_valid():
        messages.error(request, form.errors["language"][0])
        return response
    language = form.cleaned_data["language"]
    if request.user.is_authenticated:
        choose_language(user=request.user, language=language)
    remember_on_device(response, language)
    return response


def remember_on_device(response: HttpResponse, language: str) -> None:
    """Set Django's language cookie or, without a language, delete it so that the browser's applies again."""
    if not language:
        response.delete_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            path=settings.LANGUAGE_COOKIE_PATH,
            domain=settings.LANGUAGE_COOKIE_DOMAIN,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )
