from django.urls import path

import cities.converters  # noqa: F401  (registers <city:…>)

from . import views

app_name = "photos"
urlpatterns = [path("<city:city>/<uuid:photo_id>/", views.photo, name="photo")]
