from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from . import views
from .web import pwa as installable
from .web import well_known

urlpatterns = [
    path("", views.home, name="home"),
    path("manifest.webmanifest", installable.manifest, name="manifest"),
    path("service-worker.js", installable.service_worker, name="service_worker"),
    path("offline/", installable.offline, name="offline"),
    path("offline/form/", installable.offline_form, name="offline_form"),
    path("robots.txt", well_known.robots, name="robots"),
    path("favicon.ico", well_known.favicon, name="favicon"),
    path(".well-known/change-password", well_known.change_password, name="change_password"),
    path(".well-known/security.txt", well_known.security_txt, name="security_txt"),
    path("city/", include("cities.urls")),
    path("", include("accounts.urls")),
    path("notifications/", include("notifications.urls")),
    path("", include("documents.urls")),
    path("photos/", include("photos.urls")),
    path("jobs/", include("jobs.urls")),
    path("", include("fleet.urls")),
    path("", include("operations.urls")),
    path("rides/", include("rides.urls")),
    path("", include("feeds.gbfs.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("movr_project.api.mount")),
]

if settings.COMMUNITY:
    urlpatterns.append(path("", include("community.urls")))

handler400 = "movr_project.views.bad_request"
handler403 = "movr_project.views.permission_denied"
handler404 = "movr_project.views.page_not_found"
handler500 = "movr_project.views.server_error"
