"""The product's URLs plus an empty page, to measure a logged-in request without a view."""

from importlib import import_module

from django.http import HttpRequest, HttpResponse
from django.urls import path

PRODUCT = import_module("movr_project.urls")
PATH = "bench/bare/"


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse("bare")


urlpatterns = [path(PATH, bare), *PRODUCT.urlpatterns]
for _name in ("handler400", "handler403", "handler404", "handler500"):
    if hasattr(PRODUCT, _name):
        globals()[_name] = getattr(PRODUCT, _name)
