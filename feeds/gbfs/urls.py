from django.urls import path

import cities.converters  # noqa: F401  (registers <city:…>)

from . import views

app_name = "gbfs"
urlpatterns = [
    path("gbfs/v3/manifest.json", views.manifest, name="manifest"),
    path("gbfs/v3/<city:city>/<slug:name>.json", views.file, name="file"),
    path("rent/<city:city>/<uuid:public_id>/", views.rental, name="rental"),
]
