from django.urls import path

import cities.converters  # noqa: F401  (registers <city:…>)

from . import booking_views, label_views, map_views, report_views, views, work_views

app_name = "fleet"
urlpatterns = [
    path("vehicles/", views.vehicle_list, name="vehicle_list"),
    path("vehicles/map/", map_views.vehicle_map, name="vehicle_map"),
    path("vehicles/add/", views.vehicle_add, name="vehicle_add"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/", views.vehicle_detail, name="vehicle_detail"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/remove/", views.vehicle_remove, name="vehicle_remove"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/label/", label_views.label_print, name="vehicle_label_print"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/reserve/", booking_views.vehicle_reserve, name="vehicle_reserve"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/book/", booking_views.vehicle_book, name="vehicle_book"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/calendar/", booking_views.vehicle_calendar, name="vehicle_calendar"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/report/", report_views.vehicle_report, name="vehicle_report"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/pause/", booking_views.vehicle_pause, name="vehicle_pause"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/resume/", booking_views.vehicle_resume, name="vehicle_resume"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/field-work/", work_views.vehicle_work, name="vehicle_work"),
    path("bookings/", booking_views.booking_list, name="booking_list"),
    path("bookings/<city:city>/<uuid:allocation_id>/", booking_views.booking_detail, name="booking_detail"),
    path("bookings/<city:city>/<uuid:allocation_id>/cancel/", booking_views.booking_cancel, name="booking_cancel"),
    path("v/", label_views.vehicle_code, name="vehicle_code"),
    path("v/<slug:code>/", views.vehicle_label, name="vehicle_label"),
]
