"""Labels to print, and codes to type in."""

import uuid
from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cities.models import City

from .labels import Label, ReadCode, UnreadableCodeError, read_code
from .models import Vehicle
from .views import may_print_label, visible_vehicles

LABELS_ON_A_SHEET = 9  # three rows of three
MOST_READINGS = 9  # more than two strange characters are no misreading


class CodeForm(forms.Form):
    """The code on a vehicle's label, as people type."""

    code = forms.CharField(
        label=gettext_lazy("Code on the label"),
        max_length=200,  # the whole address behind the QR code may be pasted
        widget=forms.TextInput(
            attrs={
                "autocapitalize": "characters",
                "autocomplete": "off",
                "autocorrect": "off",
                "autofocus": True,
                "spellcheck": "false",
                "placeholder": "PAR7K3M2",
            }
        ),
        help_text=gettext_lazy("It stands under the QR code. Capitals, spaces and hyphens don't matter."),
    )


@login_not_required
@require_safe
def vehicle_code(request: HttpRequest) -> HttpResponse:
    """For those whose camera reads no QR code: the code leads to the same page."""
    form = CodeForm(request.GET if "code" in request.GET else None)
    similar: Sequence[Vehicle] = []
    if form.is_valid():
        try:
            read = read_code(form.cleaned_data["code"], here=request.city)
        except UnreadableCodeError as error:
            form.add_error("code", str(error))
        else:
            similar = _vehicles_of(request, read)
            if len(similar) == 1:
                return _to_vehicle(request, similar[0])
            form.add_error("code", _sentence(read, similar))
    return render(request, "fleet/vehicle_code.html", {"form": form, "similar": similar})


def _vehicles_of(request: HttpRequest, read: ReadCode) -> Sequence[Vehicle]:
    readings = read.readings[:MOST_READINGS]
    return visible_vehicles(request).in_city(read.city.name).filter(code__in=readings).in_order()


def _to_vehicle(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    typed = "".join(filter(str.isalnum, request.GET["code"])).upper()
    if not typed.endswith(vehicle.code) and not vehicle.code.endswith(typed):
        sentence = _("We read the code as %(code)s. Please compare it with the label.")
        messages.info(request, sentence % {"code": vehicle.code})
    return redirect("fleet:vehicle_label", vehicle.code)


def _sentence(read: ReadCode, similar: Sequence[Vehicle]) -> str:
    if similar:
        return _("More than one vehicle has a code that looks like this. Which one is it?")
    sentence = _("There is no vehicle with the code %(code)s. Please compare it with the label.")
    return sentence % {"code": read.typed}


@require_safe
def label_print(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """One vehicle's label. For those who may not print it there is no such page."""
    vehicle = get_object_or_404(Vehicle.objects.not_removed(), city=city.name, id=vehicle_id)
    if not may_print_label(request, vehicle):
        raise Http404
    return labels_page(request, [vehicle])


def labels_page(request: HttpRequest, vehicles: Sequence[Vehicle], *, sheet: bool = False) -> HttpResponse:
    """One label on paper of its size, or sheets of nine. Vehicles off the road get none."""
    labels = [Label(vehicle) for vehicle in vehicles if not vehicle.is_removed]
    sheets = [labels[i : i + LABELS_ON_A_SHEET] for i in range(0, len(labels), LABELS_ON_A_SHEET)]
    context = {"labels": labels, "sheets": sheets, "sheet": sheet, "left_out": len(vehicles) - len(labels)}
    return render(request, "fleet/labels.html", context)
