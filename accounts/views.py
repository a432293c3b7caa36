from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from movr_project.db.requests import retry_view
from movr_project.redirects import safe_next

from .forms import LogInForm, RegisterForm
from .models import User
from .services import AccountRefused, register_rider

FIELD_OF_CODE = {"username_taken": "username", "email_taken": "email"}


@method_decorator(retry_view, name="dispatch")
class LogInView(auth_views.LoginView):
    """Rows M27, B2, B3. Without "remember me" the session ends with the browser."""

    template_name = "accounts/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True
    http_method_names = ["get", "post", "head", "options"]

    def form_valid(self, form: LogInForm) -> HttpResponse:
        response = super().form_valid(form)
        if not form.cleaned_data["remember_me"]:
            self.request.session.set_expiry(0)
        return response


@method_decorator(retry_view, name="dispatch")
class LogOutView(auth_views.LogoutView):
    """Row M28, by POST only."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        messages.success(request, _("You have successfully logged out."))
        return response


@login_not_required
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Rows M29 and B5. Somebody on the way to a page is logged in and sent on to it."""
    if request.user.is_authenticated:
        return redirect("fleet:vehicle_list")
    form = RegisterForm(request.POST or None, initial={"city": request.city.name})
    target = safe_next(request)
    if request.method == "POST":
        user = _register(form)
        if user is not None:
            return _welcome(request, user, target)
    return render(request, "accounts/register.html", {"form": form, "next": target})


def _register(form: RegisterForm) -> User | None:
    """The new person, or None with the reason beside a field of the form."""
    if not form.is_valid():
        return None
    data = form.cleaned_data
    try:
        return register_rider(
            city=data["city"],
            first_name=data["first_name"],
            last_name=data["last_name"],
            email=data["email"],
            username=data["username"],
            password=data["password1"],
        )
    except AccountRefused as refused:
        form.add_error(FIELD_OF_CODE[refused.code], str(refused))
        return None


def _welcome(request: HttpRequest, user: User, target: str) -> HttpResponse:
    if not target:
        sentence = _("Registration successful! You can now log in as %(username)s.")
        messages.success(request, sentence % {"username": user.username})
        return redirect("accounts:login")
    retry_view(_log_in)(request, user)
    messages.success(request, _("Welcome, %(name)s!") % {"name": user.first_name})
    return redirect(target)


def _log_in(request: HttpRequest, user: User) -> None:
    login(request, user)


@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """One's own page (row M31), with the vehicles one owns."""
    # The fleet stands above accounts: it is reached through the relation it declares.
    vehicles = request.user.vehicles.listed().newest_first()
    return render(request, "accounts/profile.html", {"profile": request.user, "vehicles": vehicles})
