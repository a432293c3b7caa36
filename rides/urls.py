from django.urls import path

from . import views

app_name = "rides"
urlpatterns = [
    path("", views.ride_list, name="ride_list"),
    path("place/<city:city>/", views.place_words, name="place_words"),
    path("start/<city:city>/<uuid:vehicle_id>/", views.ride_start, name="ride_start"),
    path("<city:city>/<uuid:ride_id>/", views.ride_detail, name="ride_detail"),
    path("<city:city>/<uuid:ride_id>/unlock/", views.ride_unlock, name="ride_unlock"),
    path("<city:city>/<uuid:ride_id>/pause/", views.ride_pause, name="ride_pause"),
    path("<city:city>/<uuid:ride_id>/resume/", views.ride_resume, name="ride_resume"),
    path("<city:city>/<uuid:ride_id>/end/", views.ride_end, name="ride_end"),
]
