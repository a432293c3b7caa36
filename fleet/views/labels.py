"""Pages to print labels and to enter a label's code."""

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

from accounts.lock_out import too_often_page
from cities.models import City
from throttling.services import Throttled

from ..code_limits import NoSuchCode, count_wrong_codes
from ..labels import MAX_TYPED_LENGTH, Label, ReadCode, UnreadableCodeError, read_code
from ..models import Vehicle
from .permissions import may_print_label, visible_vehicles

LABELS_ON_A_SHEET = 9  # three rows of three
MAX_READINGS = 9  # more than two unreadable characters are no typing error


class CodeForm(forms.Form):
    """The code on a vehicle's label, as people enter it."""

    code = forms.CharField(
        label=gettext_lazy("Code on the label"),
        max_length=MAX_TYPED_LENGTH,
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
        help_text=gettext_lazy("It's printed under the QR code. Ignore capitals, spaces and hyphens."),
    )


@login_not_required
@require_safe
def vehicle_code(request: HttpRequest) -> HttpResponse:
    """Let people enter a code instead of scanning it. It leads to the same page."""
    form = CodeForm(request.GET if "code" in request.GET else None)
    similar: Sequence[Vehicle] = []
    if form.is_valid():
        try:
            with count_wrong_codes(request):
                read, similar = _look_up(request, form.cleaned_data["code"])
        except Throttled as refused:
            return too_often_page(refused)
        except (UnreadableCodeError, NoSuchCode) as error:
            form.add_error("code", str(error))
        else:
            if len(similar) == 1:
                return _to_vehicle(request, similar[0], read.typed)
            form.add_error("code", _("Several vehicles have a similar code. Which one is it?"))
    return render(request, "fleet/vehicle_code.html", {"form": form, "similar": similar})


def _look_up(request: HttpRequest, typed: str) -> tuple[ReadCode, Sequence[Vehicle]]:
    read = read_code(typed, here=request.city)
    similar = _vehicles_of(request, read)
    if not similar:
        sentence = _("No vehicle has the code %(code)s. Please check the label.")
        raise NoSuchCode(sentence % {"code": read.typed})
    return read, similar


def _vehicles_of(request: HttpRequest, read: ReadCode) -> Sequence[Vehicle]:
    readings = read.readings[:MAX_READINGS]
    return visible_vehicles(request).in_city(read.city.name).filter(code__in=readings).in_order()


def _to_vehicle(request: HttpRequest, vehicle: Vehicle, typed: str) -> HttpResponse:
    if typed != vehicle.code:
        sentence = _("We read the code as %(code)s. Please check it against the label.")
        messages.info(request, sentence % {"code": vehicle.code})
    return redirect("fleet:vehicle_label", vehicle.code)


@require_safe
def label_print(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Show a vehicle's label for printing. 404 for people who may not print it."""
    vehicle = get_object_or_404(Vehicle.objects.not_removed().in_city(city.name).addressed_as(vehicle_id))
    if not may_print_label(request, vehicle):
        raise Http404
    return labels_page(request, [vehicle])


def labels_page(request: HttpRequest, vehicles: Sequence[Vehicle], *, sheet: bool = False) -> HttpResponse:
    """Render one label on paper of its size, or sheets of nine. Removed vehicles are left out."""
    labels = [Label(vehicle) for vehicle in vehicles if not vehicle.is_removed]
    sheets = [labels[i : i + LABELS_ON_A_SHEET] for i in range(0, len(labels), LABELS_ON_A_SHEET)]
    context = {"labels": labels, "sheets": sheets, "sheet": sheet, "left_out": len(vehicles) - len(labels)}
    return render(request, "fleet/labels.html", context)
