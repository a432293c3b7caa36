from django.urls import path

from . import views
from .models import Document

app_name = "documents"
urlpatterns = [path("terms/accept/", views.accept, name="accept_terms")]
for kind in Document.Kind.values:
    urlpatterns += [
        path(f"{kind}/", views.document, {"kind": kind}, name=kind),
        path(f"{kind}/<int:version>/", views.document, {"kind": kind}, name=f"{kind}_version"),
    ]
