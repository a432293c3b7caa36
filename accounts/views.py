from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cities.location import CHOSEN
from cities.models import City
from cities.registry import registry
from movr_project.errors import Refused
from movr_project.web.access import terms_not_required
from movr_project.web.clients import client_address
from movr_project.web.pagination import Page, page_number
from movr_project.web.redirects import post_data, redirect_to_job, safe_next
from movr_project.web.retry_view import retry_view
from throttling.services import Throttled, throttle

from .forms import (
    ChangePasswordForm,
    EditProfileForm,
    EmailForm,
    HomeCityForm,
    LogInForm,
    OwnPasswordForm,
    RegisterForm,
    ResetPasswordForm,
)
from .hooks import visible_people
from .language_views import remember_on_device
from .limits import SHARED_LIMIT_FACTOR, form_status, limited_email_changes
from .log_in import log_in_view, start_session
from .models import User
from .services import (
    AccountRefused,
    change_password,
    confirm_email,
    edit_profile,
    log_out_everywhere,
    move_home,
    note_visit,
    obstacles,
    owner_of_log_in_link,
    register_rider,
    remove_account,
    send_confirmation_again,
    send_log_in_link,
    send_password_reset,
    use_log_in_link,
)
from .tasks import export_my_data
from .tokens import read_confirmation
from .two_factor.services import end_proofs, is_verified

PAGE_SIZE = 25

page_with_a_form = require_http_methods(["GET", "HEAD", "POST"])  # Django's FormView would treat PUT like POST
FIELD_OF_CODE = {"username_taken": "username", "email_taken": "email"}


@method_decorator(page_with_a_form, name="dispatch")
@method_decorator(log_in_view, name="dispatch")
class LogInView(auth_views.LoginView):
    """Log in. Without "remember me", the session ends with the browser."""

    template_name = "accounts/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def get_redirect_url(self) -> str:
        """Never return this page itself, which Django treats as a redirect loop."""
        target = safe_next(self.request)
        return "" if urlsplit(target).path == self.request.path else target

    def form_valid(self, form: LogInForm) -> HttpResponse:
        response = super().form_valid(form)
        if not form.cleaned_data["remember_me"]:
            self.request.session.set_expiry(0)
        note_visit(user=form.get_user())
        return response


@method_decorator(retry_view, name="dispatch")
class LogOutView(auth_views.LogoutView):
    """Log out. Accepts only POST."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_verified(request.user):
            end_proofs(user=request.user)
        response = super().post(request, *args, **kwargs)
        messages.success(request, _("You have successfully logged out."))
        return response


@login_not_required
@sensitive_post_parameters("password")
@page_with_a_form
def register(request: HttpRequest) -> HttpResponse:
    """Sign up, log in and continue to the requested page."""
    if request.user.is_authenticated:
        return redirect("fleet:vehicle_list")
    target = safe_next(request)
    form = RegisterForm(post_data(request), initial={"city": _city_on_the_way(target, request.city).name})
    if request.method == "POST":
        user = _register(request, form)
        if user is not None:
            return _welcome(request, user, target)
    context = {"form": form, "next": target}
    return render(request, "accounts/register.html", context, status=form_status(form))


def _city_on_the_way(target: str, otherwise: City) -> City:
    """Return the city of the page to continue to, such as that of a vehicle whose label was scanned."""
    try:
        parts = resolve(urlsplit(target).path).kwargs
    except Resolver404:
        return otherwise
    return parts.get("city") or registry.of_label(parts.get("code", "")) or otherwise


def _register(request: HttpRequest, form: RegisterForm) -> User | None:
    """Return the new user, or None after adding the error to the form."""
    if not form.is_valid():
        return None
    data = form.cleaned_data
    try:
        throttle("register", client_address(request), limit=settings.REGISTRATIONS_PER_HOUR)
        return register_rider(
            city=data["city"],
            first_name=data["first_name"],
            email=data["email"],
            password=data["password"],
            language=get_language(),
        )
    except (AccountRefused, Throttled) as refused:
        _add_refusal(form, refused)
        return None


def _add_refusal(form: Form, refused: Refused) -> None:
    """Add a refusal to the field it is about, or to the form as a whole."""
    field = FIELD_OF_CODE.get(refused.code)
    form.add_error(field if field in form.fields else None, ValidationError(str(refused), code=refused.code))


def _welcome(request: HttpRequest, user: User, target: str) -> HttpResponse:
    start_session(request, user)
    sentence = _("Welcome, %(name)s! Your username is %(username)s. You can change it in your profile.")
    messages.success(request, sentence % {"name": user.first_name, "username": user.username})
    return redirect(target or "fleet:vehicle_list")


@terms_not_required
@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """Show the user's own profile and vehicles."""
    # Use the relation that the fleet declares, as accounts may not import it.
    vehicles = request.user.vehicles.not_removed().seen_by(request.user).newest_first()
    context = {"profile": request.user, "vehicles": vehicles, "push_is_configured": bool(settings.VAPID_PRIVATE_KEY)}
    return render(request, "accounts/profile.html", context)


@sensitive_post_parameters("current_password")
@page_with_a_form
def profile_edit(request: HttpRequest) -> HttpResponse:
    form = EditProfileForm(post_data(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            with limited_email_changes(request.user, form.changes):
                edit_profile(user=request.user, **form.changes)
        except (AccountRefused, Throttled) as refused:
            _add_refusal(form, refused)
        else:
            messages.success(request, _("Your changes have been saved."))
            response = redirect("accounts:profile")
            if "language" in form.changes:
                remember_on_device(response, form.changes["language"])
            return response
    return render(request, "accounts/profile_edit.html", {"form": form}, status=form_status(form))


@page_with_a_form
def home_city(request: HttpRequest) -> HttpResponse:
    """Change the home city."""
    form = HomeCityForm(post_data(request), home=request.user.city)
    if request.method == "POST" and form.is_valid():
        city = registry[form.cleaned_data["city"]]
        try:
            move_home(user=request.user, city=city)
        except AccountRefused as refused:
            _add_refusal(form, refused)
        else:
            request.session[CHOSEN] = city.name
            messages.success(request, _("Your home city is now %(city)s.") % {"city": city})
            return redirect("accounts:profile")
    context = {"form": form, "obstacles": obstacles(request.user)}
    return render(request, "accounts/home_city.html", context)


@terms_not_required
@sensitive_post_parameters("password")
@page_with_a_form
def profile_delete(request: HttpRequest) -> HttpResponse:
    """Remove the user's own account after asking for the password."""
    form = OwnPasswordForm(post_data(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            remove_account(user=request.user)
        except AccountRefused as refused:
            _add_refusal(form, refused)
        else:
            request.session.flush()
            messages.success(request, _("You have successfully deleted your account."))
            return redirect("home")
    context = {"form": form, "obstacles": obstacles(request.user)}
    return render(request, "accounts/profile_delete.html", context, status=form_status(form))


@terms_not_required
@page_with_a_form
def personal_data(request: HttpRequest) -> HttpResponse:
    """Say what the download contains, and collect all of the user's personal data in the background."""
    if request.method == "POST":
        try:
            return redirect_to_job(export_my_data.using(user=request.user).enqueue())
        except Refused as refused:
            messages.info(request, str(refused))
            return redirect("jobs:job_list")
    return render(request, "accounts/personal_data.html")


@terms_not_required
@require_POST
def log_out_of_everything(request: HttpRequest) -> HttpResponse:
    log_out_everywhere(user=request.user)
    request.session.flush()
    messages.success(request, _("You have been logged out on all devices."))
    return redirect("accounts:login")


@require_safe
def user_list(request: HttpRequest) -> HttpResponse:
    """List the people in the current city whose profile is visible to others and to the user."""
    people = visible_people.to(request.user).listed().in_city(request.city.name).by_username()
    page = Page.of(people, page_number(request.GET.get("page", "")), PAGE_SIZE)
    return render(request, "accounts/user_list.html", {"page": page})


@require_safe
def user_detail(request: HttpRequest, username: str) -> HttpResponse:
    """Show a public profile, without the last name and the e-mail address."""
    person = get_object_or_404(visible_people.to(request.user), username=username)
    return render(request, "accounts/user_detail.html", {"person": person})


@terms_not_required
@sensitive_post_parameters()
@page_with_a_form
def password_change(request: HttpRequest) -> HttpResponse:
    form = ChangePasswordForm(request.user, post_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            change_password(user=request.user, password=form.cleaned_data["new_password1"])
        except AccountRefused as refused:
            _add_refusal(form, refused)
        else:
            update_session_auth_hash(request, request.user)  # keep this device logged in
            messages.success(request, _("Your password has been changed."))
            return redirect("accounts:profile")
    return render(request, "accounts/password_change.html", {"form": form}, status=form_status(form))


def _throttle_mail(kind: str, email: str, address: str) -> None:
    """Limit requests for links per person and address, so that a stranger elsewhere can't use up a person's quota.

    A limit for all addresses together protects the person's mailbox.
    """
    throttle(f"{kind}-from", address, limit=settings.MAILS_PER_HOUR * SHARED_LIMIT_FACTOR)
    throttle(kind, f"{email} {address}", limit=settings.MAILS_PER_HOUR)
    throttle(f"{kind}-to", email, limit=settings.MAILS_PER_HOUR * SHARED_LIMIT_FACTOR)


@login_not_required
@page_with_a_form
def password_reset(request: HttpRequest) -> HttpResponse:
    """E-mail a link for setting a new password. The response doesn't reveal who has an account."""
    form = EmailForm(post_data(request))
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            _throttle_mail("reset", email, client_address(request))
        except Throttled as refused:
            _add_refusal(form, refused)
        else:
            send_password_reset(email=email)
            sentence = _("Check your e-mail for the instructions to reset your password.")
            messages.info(request, sentence)
            return redirect("accounts:login")
    return render(request, "accounts/password_reset.html", {"form": form}, status=form_status(form))


@method_decorator(page_with_a_form, name="dispatch")
class PasswordResetConfirmView(auth_views.PasswordResetConfirmView):
    """The page of a reset link. Django keeps the token out of the URL, and our service ensures it is used once."""

    template_name = "accounts/password_reset_confirm.html"
    form_class = ResetPasswordForm

    def form_valid(self, form: ResetPasswordForm) -> HttpResponse:
        try:
            change_password(user=self.user, password=form.cleaned_data["new_password1"], reads_mail=True)
        except AccountRefused as refused:
            _add_refusal(form, refused)
            return self.form_invalid(form)
        self.request.session.pop(auth_views.INTERNAL_RESET_SESSION_TOKEN, None)
        messages.success(self.request, _("Your password has been reset."))
        return redirect("accounts:login")


@login_not_required
@page_with_a_form
def log_in_mail(request: HttpRequest) -> HttpResponse:
    """E-mail a link for logging in. The response doesn't reveal who has an account."""
    if request.user.is_authenticated:
        return redirect("fleet:vehicle_list")
    form = EmailForm(post_data(request))
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            _throttle_mail("log-in-link", email, client_address(request))
        except Throttled as refused:
            _add_refusal(form, refused)
        else:
            send_log_in_link(email=email, target=safe_next(request))
            messages.info(request, _("Check your e-mail for a link to log in. You can close this page."))
            return redirect("accounts:login")
    context = {"form": form, "next": safe_next(request)}
    return render(request, "accounts/log_in_mail.html", context, status=form_status(form))


@login_not_required
@never_cache
@page_with_a_form
def log_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """Log in by a button, as mail scanners follow links. The admin still asks staff for their second factor."""
    if request.method != "POST":
        return render(request, "accounts/log_in_link.html", {"person": owner_of_log_in_link(token)})
    person = use_log_in_link(token)
    if person is None:
        return render(request, "accounts/log_in_link.html", {"person": None})
    start_session(request, person)
    if not person.has_usable_password():
        messages.info(
            request, _("Your account has no password. Set one with “Forgot your password?” on the log-in page.")
        )
    return redirect(safe_next(request) or "fleet:vehicle_list")


@require_POST
def email_send(request: HttpRequest) -> HttpResponse:
    """Send the confirmation e-mail again."""
    user = request.user
    if not user.email:
        messages.error(request, _("Your account has no e-mail address. Please add one."))
        return redirect("accounts:profile_edit")
    try:
        throttle("confirm", f"{user.email} {user.id}", limit=settings.MAILS_PER_HOUR)
    except Throttled as refused:
        messages.error(request, str(refused))
    else:
        send_confirmation_again(user=user)
        messages.info(request, _("We've sent the link to %(email)s.") % {"email": user.email})
    return redirect("accounts:profile")


@login_not_required
@page_with_a_form
def email_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm an address by a button, as mail scanners follow links."""
    confirmation = read_confirmation(token)
    if request.method == "POST" and confirmation:
        user_id, email = confirmation
        if confirm_email(user_id=user_id, email=email):
            messages.success(request, _("Thanks. Your e-mail address is confirmed."))
            return redirect("home")
        confirmation = None
    context = {"valid": confirmation is not None, "email": confirmation and confirmation[1]}
    return render(request, "accounts/email_confirm.html", context)
