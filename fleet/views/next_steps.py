"""Redirects after a refused request, to a page where the person can fix the problem."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from movr_project.errors import Refused

from ..models import Vehicle

# The vehicle's page shows what it is doing, when it is available, and alternatives.
OF_THE_VEHICLE = {
    "wrong_city",
    "already_ended",
    "reserved",
    "booked",
    "booked_soon",
    "off_the_road",
    "cool_down",
    "too_many_starts",
    "conflict",
    "not_paused",
    "account_changed",
}


def send_on(request: HttpRequest, refused: Refused, vehicle: Vehicle) -> HttpResponse:
    """Add the refusal as a message, and redirect to the page where it can be fixed."""
    messages.warning(request, str(refused))
    if refused.code == "already_riding":
        return redirect("rides:ride_list")
    if refused.code == "email_unconfirmed":
        return redirect("accounts:profile")
    if refused.code in {"already_holding", "too_many_bookings"}:
        return redirect("fleet:booking_list")
    if refused.code in OF_THE_VEHICLE:
        return redirect(vehicle)
    return redirect("fleet:vehicle_list")
