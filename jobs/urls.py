from django.urls import path

from . import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="job_list"),
    path("bar/", views.bar, name="bar"),
    path("<uuid:job_id>/", views.job_page, name="job"),
    path("<uuid:job_id>/cancel/", views.cancel_job, name="cancel"),
    path("<uuid:job_id>/file/", views.job_file, name="file"),
]
