from django.urls import path

import cities.converters  # noqa: F401  (registers <city:…>)

from . import label_views, map_views, views

app_name = "fleet"
urlpatterns = [
    path("vehicles/", views.vehicle_list, name="vehicle_list"),
    path("vehicles/map/", map_views.vehicle_map, name="vehicle_map"),
    path("vehicles/add/", views.vehicle_add, name="vehicle_add"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/", views.vehicle_detail, name="vehicle_detail"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/remove/", views.vehicle_remove, name="vehicle_remove"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/label/", label_views.label_print, name="vehicle_label_print"),
    path("v/", label_views.vehicle_code, name="vehicle_code"),
    path("v/<slug:code>/", views.vehicle_label, name="vehicle_label"),
]
