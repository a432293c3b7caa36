from django.urls import path

from . import views
from .push import views as push

app_name = "notifications"
urlpatterns = [
    path("", views.notification_list, name="notification_list"),
    path("devices/", push.device_list, name="device_list"),
    path("devices/<uuid:device_id>/remove/", push.device_remove, name="device_remove"),
    path("read/", views.read_all, name="read_all"),
    path("<uuid:notification_id>/read/", views.read, name="notification_read"),
]
