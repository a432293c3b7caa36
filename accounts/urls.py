from django.contrib.auth.decorators import login_not_required
from django.urls import path

import accounts.converters  # noqa: F401  (registers <username:…>)

from . import language_views, views
from .api_access import views as api_access_views
from .passkeys import views as passkey_views
from .two_factor import views as second_factor_views

app_name = "accounts"
urlpatterns = [
    path("register/", views.register, name="register"),
    path("login/", views.LogInView.as_view(), name="login"),
    path("login/link/", views.log_in_mail, name="log_in_mail"),
    path("login/link/<str:token>/", views.log_in_link, name="log_in_link"),
    path("login/passkey/", passkey_views.log_in, name="passkey_log_in"),
    path("logout/", login_not_required(views.LogOutView.as_view()), name="logout"),
    path("password-reset/", views.password_reset, name="password_reset"),
    path(
        "password-reset/<uidb64>/<token>/",
        views.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("email/send/", views.email_send, name="email_send"),
    path("email/confirm/<str:token>/", views.email_confirm, name="email_confirm"),
    path("profile/", views.profile, name="profile"),
    path("profile/edit/", views.profile_edit, name="profile_edit"),
    path("profile/password/", views.password_change, name="password_change"),
    path("profile/home-city/", views.home_city, name="home_city"),
    path("profile/data/", views.personal_data, name="personal_data"),
    path("profile/log-out-everywhere/", views.log_out_of_everything, name="log_out_everywhere"),
    path("profile/tokens/", api_access_views.token_list, name="token_list"),
    path("profile/tokens/<uuid:token_id>/revoke/", api_access_views.token_revoke, name="token_revoke"),
    path("profile/delete/", views.profile_delete, name="profile_delete"),
    path("profile/passkeys/", passkey_views.passkey_list, name="passkey_list"),
    path("profile/passkeys/add/", passkey_views.passkey_add, name="passkey_add"),
    path("profile/passkeys/create/", passkey_views.passkey_create, name="passkey_create"),
    path("profile/passkeys/<uuid:passkey_id>/", passkey_views.passkey_rename, name="passkey_rename"),
    path("profile/passkeys/<uuid:passkey_id>/remove/", passkey_views.passkey_remove, name="passkey_remove"),
    path("profile/second-factor/", second_factor_views.second_factor, name="second_factor"),
    path("profile/second-factor/passkey/", second_factor_views.passkey, name="second_factor_passkey"),
    path("profile/second-factor/set-up/", second_factor_views.set_up, name="second_factor_set_up"),
    path("profile/second-factor/codes/", second_factor_views.renew_codes, name="second_factor_codes"),
    path("profile/second-factor/remove/", second_factor_views.remove, name="second_factor_remove"),
    path("language/", language_views.choose, name="language"),
    path("users/", views.user_list, name="user_list"),
    path("users/<username:username>/", views.user_detail, name="user_detail"),
]
