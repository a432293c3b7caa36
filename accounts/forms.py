from copy import copy
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cities.forms import CityField
from cities.registry import registry
from movr_project.web.fields import LinesInput
from throttling.services import Throttled, throttle

from .email_addresses import EmailField
from .lock_out import MAX_LOGIN_LENGTH
from .models import User
from .passwords import PasswordField
from .two_factor import services as second_factor

PASSWORDS_PER_HOUR = 10


def is_own_password(user: User, password: str) -> bool:
    """Check the user's password at a limited rate, so that an open session can't be used to guess it."""
    try:
        throttle("password", str(user.id), limit=PASSWORDS_PER_HOUR)
    except Throttled as refused:
        raise ValidationError(str(refused), code=refused.code) from refused
    return user.check_password(password)


class SuspensionMixin(AuthenticationForm):
    """Tell a person who knows the password of a suspended account why it is suspended."""

    def get_invalid_login_error(self) -> ValidationError:
        early = getattr(self.request, "early_check", None)
        user = User.objects.filter(id=early.user_id).first() if early and early.right else None
        if user is None or not user.is_suspended:
            return super().get_invalid_login_error()
        sentence = _("Your account is suspended. Reason: %(reason)s")
        return ValidationError(sentence, code="suspended", params={"reason": user.suspension_reason})


class AdminLogInForm(SuspensionMixin, AdminAuthenticationForm):
    """Django's form with MovR's limits."""

    password = PasswordField(label=_("Password"), max_length=None)  # don't reveal the limit to strangers

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        username = cast(forms.CharField, self.fields["username"])
        username.max_length = username.widget.attrs["maxlength"] = MAX_LOGIN_LENGTH


class LogInForm(SuspensionMixin, AuthenticationForm):
    """Django's form with MovR's limits. Its error doesn't reveal whether an account exists."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("Invalid user credentials. If you aren't registered with MovR, sign up!"),
    }
    password = PasswordField(label=_("Password"), max_length=None)  # don't reveal the limit to strangers
    remember_me = forms.BooleanField(label=_("Remember me on this device"), required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        username = cast(forms.CharField, self.fields["username"])
        username.label = _("Username or e-mail")
        # An e-mail address may be longer than a username.
        username.max_length = username.widget.attrs["maxlength"] = MAX_LOGIN_LENGTH


PASSWORD_HELP = _("At least 8 characters. Avoid common passwords.")


class SecondFactorMixin(forms.BaseForm):
    """Ask staff with an app for a code. It is consumed last, when everything else is valid.

    Staff who have passkeys only must have used one in this session.
    """

    CODE = "second_factor_code"

    def ask_for_code(self, user: User) -> None:
        self.proving = user if second_factor.asks_for_code(user) else None
        self.needs_passkey = second_factor.needs_passkey(user)
        if self.proving:
            self.fields[self.CODE] = second_factor.code_field(required=False)

    def check_code(self, cleaned: dict[str, Any]) -> None:
        if self.needs_passkey:
            sentence = _("Use your passkey under “Two-factor authentication” in your profile first.")
            self.add_error(None, ValidationError(sentence, code="passkey_required"))
        if self.errors or not self.proving:
            return
        try:
            second_factor.prove(user=self.proving, code=cleaned.get(self.CODE, ""))
        except second_factor.SecondFactorRefused as refused:
            self.add_error(self.CODE, ValidationError(str(refused), code=refused.code))


def new_passwords() -> dict[str, forms.Field]:
    """The password fields of Django's forms, with MovR's limit."""
    return {
        "new_password1": PasswordField(label=_("New password"), autocomplete="new-password", help_text=PASSWORD_HELP),
        "new_password2": PasswordField(label=_("New password confirmation"), autocomplete="new-password"),
    }


class ChangePasswordForm(SecondFactorMixin, PasswordChangeForm):
    """Django's form with a single help sentence instead of a list."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields |= {"old_password": PasswordField(label=_("Current password")), **new_passwords()}
        self.ask_for_code(self.user)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        self.check_code(cleaned)
        return cleaned

    def clean_old_password(self) -> str:
        if not is_own_password(self.user, self.cleaned_data["old_password"]):
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return self.cleaned_data["old_password"]


class ResetPasswordForm(SetPasswordForm):
    """The form behind a password reset link."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields |= new_passwords()


class RegisterForm(forms.ModelForm):
    """The sign-up form. The service checks whether a name is taken, when inserting the row."""

    email = EmailField()
    password = PasswordField(label=_("Password"), autocomplete="new-password", help_text=PASSWORD_HELP)
    city = CityField(label=_("Home city"))

    field_order = ["email", "password", "first_name", "city"]

    class Meta:
        model = User
        fields = ["email", "first_name", "city"]
        widgets = {"first_name": forms.TextInput(attrs={"autocomplete": "given-name", "dir": "auto"})}

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # private in Django, so not in the stubs
        # That filled self.instance, which the password validators use.
        if "password" in self.cleaned_data:
            try:
                password_validation.validate_password(self.cleaned_data["password"], self.instance)
            except ValidationError as error:
                self.add_error("password", error)

    def validate_unique(self) -> None:
        """Leave it to the service."""


class NewUserForm(RegisterForm):
    """Signing up through the API, where the last name and the username may be given, too."""

    class Meta(RegisterForm.Meta):
        fields = [*RegisterForm.Meta.fields, "last_name", "username"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["username"].required = False


class EmailForm(forms.Form):
    """Asks for the address to send a link to."""

    email = EmailField()


class EditProfileForm(SecondFactorMixin, forms.ModelForm):
    """The profile form. The service checks whether a name is taken, when updating the row."""

    email = EmailField()
    current_password = PasswordField(
        label=_("Your password"), required=False, help_text=_("Only needed to change your e-mail address.")
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=lambda: [("", _("Match my device")), *settings.LANGUAGES],
    )

    field_order = [
        "username",
        "first_name",
        "last_name",
        "email",
        "current_password",
        "notify_by_mail",
        "about_me",
        "language",
        "theme",
        "is_listed",
    ]

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "about_me", "theme", "is_listed", "notify_by_mail"]
        widgets = {"about_me": LinesInput(attrs={"rows": 3, "dir": "auto"})}

    def __init__(self, data: Any = None, *, user: User):
        # The form assigns values to its instance even if they are invalid, so give it a copy.
        super().__init__(data, instance=copy(user))
        self.before = user
        self.initial.update(email=user.email, language=user.language)
        self.ask_for_code(user)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if "email" in cleaned and cleaned["email"] != self.before.email:
            password = cleaned.get("current_password")
            if not password or not is_own_password(self.before, password):
                self.add_error("current_password", _("Enter your password to change your e-mail address."))
            self.check_code(cleaned)
        return cleaned

    def validate_unique(self) -> None:
        """Leave it to the service."""

    @property
    def changes(self) -> dict[str, Any]:
        """Return the valid form's changed values, by column."""
        proofs = {"current_password", self.CODE}
        values = {name: value for name, value in self.cleaned_data.items() if name not in proofs}
        return {name: value for name, value in values.items() if getattr(self.before, name) != value}


class HomeCityForm(forms.Form):
    """A choice of the served cities, except the current home city."""

    city = CityField(label=_("New home city"))

    def __init__(self, *args: Any, home: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        cast(CityField, self.fields["city"]).choices = [
            (region, [(name, label) for name, label in cities if name != home]) for region, cities in registry.choices()
        ]


class OwnPasswordForm(SecondFactorMixin, forms.Form):
    """Asks for the password before an irreversible action."""

    password = PasswordField(label=_("Your password"))

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        self.ask_for_code(user)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        self.check_code(cleaned)
        return cleaned

    def clean_password(self) -> str:
        if not is_own_password(self.user, self.cleaned_data["password"]):
            raise ValidationError(_("Wrong password."))
        return self.cleaned_data["password"]
