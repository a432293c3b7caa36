from django.contrib import admin
from django.urls import include, path

from . import installable, views

urlpatterns = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health"),
    path("manifest.webmanifest", installable.manifest, name="manifest"),
    path("service-worker.js", installable.service_worker, name="service_worker"),
    path("offline/", installable.offline, name="offline"),
    path("offline/form/", installable.offline_form, name="offline_form"),
    path("city/", include("cities.urls")),
    path("", include("accounts.urls")),
    path("", include("fleet.urls")),
    path("rides/", include("rides.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "movr_project.views.bad_request"
handler403 = "movr_project.views.permission_denied"
handler404 = "movr_project.views.page_not_found"
handler500 = "movr_project.views.server_error"
