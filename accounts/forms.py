from copy import copy

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cities.forms import CityField
from cities.registry import registry

from .models import User
from .throttling import Throttled, throttle

PASSWORDS_PER_HOUR = 10


def is_own_password(user: User, password: str) -> bool:
    """Whether it is the person's; a session left open is not enough to guess it."""
    try:
        throttle("password", str(user.id), limit=PASSWORDS_PER_HOUR)
    except Throttled as refused:
        raise ValidationError(str(refused), code=refused.code) from refused
    return user.check_password(password)


class LogInForm(AuthenticationForm):
    """Rows M27 and B2. What is wrong is not said: it would tell who has an account."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("Invalid user credentials. If you aren't registered with MovR, sign up!"),
    }
    remember_me = forms.BooleanField(label=_("Remember me on this device"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        username = self.fields["username"]
        username.label = _("Username or e-mail")
        # An e-mail address may be longer than a username.
        username.max_length = username.widget.attrs["maxlength"] = 254


PASSWORD_HELP = _("At least 8 characters, and not one that many people use.")


class ChangePasswordForm(PasswordChangeForm):
    """Django's, with our one sentence instead of its list."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Your password now")
        self.fields["new_password1"].help_text = PASSWORD_HELP

    def clean_old_password(self) -> str:
        if not is_own_password(self.user, self.cleaned_data["old_password"]):
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return self.cleaned_data["old_password"]


class ResetPasswordForm(SetPasswordForm):
    """Behind the link of a mail."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = PASSWORD_HELP


class RegisterForm(forms.ModelForm):
    """Rows M29 and B5. Whether a name is taken is the service's to say, at the moment of the insert."""

    city = CityField(label=_("Home city"))
    password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=PASSWORD_HELP,
    )
    password2 = forms.CharField(
        label=_("Repeat password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    field_order = ["city", "first_name", "last_name", "email", "username", "password1", "password2"]

    class Meta:
        model = User
        fields = ["city", "first_name", "last_name", "email", "username"]
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "username": forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
        }

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def clean(self) -> dict:
        cleaned = super().clean()
        if {"password1", "password2"} <= cleaned.keys() and cleaned["password1"] != cleaned["password2"]:
            self.add_error("password2", _("The two passwords are not the same."))
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # fills self.instance, which the validators compare the password with
        if "password1" in self.cleaned_data:
            try:
                password_validation.validate_password(self.cleaned_data["password1"], self.instance)
            except ValidationError as error:
                self.add_error("password1", error)

    def validate_unique(self) -> None:
        """Nothing here: see the class."""


class ResetForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class EditProfileForm(forms.ModelForm):
    """Row B17. Whether a name is taken is the service's to say, at the moment of the update."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    current_password = forms.CharField(
        label=_("Your password"),
        required=False,
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("Only to change the e-mail address."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=lambda: [("", _("As on my device")), *settings.LANGUAGES],
    )

    field_order = [
        "username",
        "first_name",
        "last_name",
        "email",
        "current_password",
        "about_me",
        "language",
        "theme",
        "is_listed",
    ]

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "about_me", "theme", "is_listed"]
        widgets = {"about_me": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, user: User, **kwargs):
        # The form writes what was typed onto its instance, valid or not: onto a copy, then.
        super().__init__(*args, instance=copy(user), **kwargs)
        self.before = user
        self.initial |= {"email": user.email, "language": user.language}

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def clean(self) -> dict:
        cleaned = super().clean()
        if "email" in cleaned and cleaned["email"] != self.before.email:
            password = cleaned.get("current_password")
            if not password or not is_own_password(self.before, password):
                self.add_error("current_password", _("Please give your password to change the e-mail."))
        return cleaned

    def validate_unique(self) -> None:
        """Nothing here: see the class."""

    @property
    def changes(self) -> dict:
        """The valid form's values that differ from the row's, by column."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "current_password"}
        return {name: value for name, value in values.items() if getattr(self.before, name) != value}


class HomeCityForm(forms.Form):
    """Any served city but the one the person lives in."""

    city = CityField(label=_("New home city"))

    def __init__(self, *args, home: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["city"].choices = [
            (region, [(name, label) for name, label in cities if name != home]) for region, cities in registry.choices()
        ]


class OwnPasswordForm(forms.Form):
    """The password once more, before something that can't be undone."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        if not is_own_password(self.user, self.cleaned_data["password"]):
            raise ValidationError(_("That is not your password."))
        return self.cleaned_data["password"]
