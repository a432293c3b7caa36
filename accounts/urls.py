from django.contrib.auth.decorators import login_not_required
from django.urls import path

from . import views

app_name = "accounts"
urlpatterns = [
    path("register/", views.register, name="register"),
    path("login/", views.LogInView.as_view(), name="login"),
    path("logout/", login_not_required(views.LogOutView.as_view()), name="logout"),
    path("profile/", views.profile, name="profile"),
]
