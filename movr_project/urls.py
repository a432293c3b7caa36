from django.contrib import admin
from django.urls import include, path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health"),
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
