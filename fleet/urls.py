from django.urls import path

import cities.converters  # noqa: F401  (registers <city:…>)

from .views import bookings, calendar, labels, owners, places, sheet, vehicles
from .views import map as map_views

app_name = "fleet"
urlpatterns = [
    path("vehicles/", vehicles.vehicle_list, name="vehicle_list"),
    path("vehicles/map/", map_views.vehicle_map, name="vehicle_map"),
    path("vehicles/search/", places.place_search, name="place_search"),
    path("vehicles/add/", owners.vehicle_add, name="vehicle_add"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/", vehicles.vehicle_detail, name="vehicle_detail"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/sheet/", sheet.vehicle_sheet, name="vehicle_sheet"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/remove/", owners.vehicle_remove, name="vehicle_remove"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/pause/", owners.vehicle_pause, name="vehicle_pause"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/resume/", owners.vehicle_resume, name="vehicle_resume"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/label/", labels.label_print, name="vehicle_label_print"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/reserve/", bookings.vehicle_reserve, name="vehicle_reserve"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/book/", bookings.vehicle_book, name="vehicle_book"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/calendar/", calendar.vehicle_calendar, name="vehicle_calendar"),
    path("bookings/", bookings.booking_list, name="booking_list"),
    path("bookings/<city:city>/<uuid:allocation_id>/", bookings.booking_detail, name="booking_detail"),
    path("bookings/<city:city>/<uuid:allocation_id>/cancel/", bookings.booking_cancel, name="booking_cancel"),
    path("v/", labels.vehicle_code, name="vehicle_code"),
    path("v/<slug:code>/", vehicles.vehicle_label, name="vehicle_label"),
]
