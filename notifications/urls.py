from django.urls import path

from . import views

app_name = "notifications"
urlpatterns = [
    path("", views.notification_list, name="notification_list"),
    path("read/", views.read_all, name="read_all"),
    path("<uuid:notification_id>/read/", views.read, name="notification_read"),
]
