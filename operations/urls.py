from django.urls import path

import cities.converters  # noqa: F401  (registers <city:…>)

from .views import field_work, reports

app_name = "operations"
urlpatterns = [
    path("vehicles/<city:city>/<uuid:vehicle_id>/report/", reports.vehicle_report, name="vehicle_report"),
    path("vehicles/<city:city>/<uuid:vehicle_id>/field-work/", field_work.vehicle_work, name="field_work"),
]
