"""Where a refused request leads: to a page on which the person can do something about it."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cities.models import City
from movr_project.errors import Refused

# Their pages say what goes on with the vehicle, what it can be booked for, and what is free instead.
OF_THE_VEHICLE = {
    "wrong_city",
    "already_ended",
    "reserved",
    "booked",
    "booked_soon",
    "off_the_road",
    "cool_down",
    "conflict",
    "not_paused",
    "account_changed",
}


def send_on(request: HttpRequest, refused: Refused, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Say why, and go where that helps."""
    messages.warning(request, str(refused))
    if refused.code == "already_riding":
        return redirect("rides:ride_list")
    if refused.code == "email_unconfirmed":
        return redirect("accounts:profile")
    if refused.code in {"already_holding", "too_many_bookings"}:
        return redirect("fleet:booking_list")
    if refused.code in OF_THE_VEHICLE:
        return redirect("fleet:vehicle_detail", city, vehicle_id)
    return redirect("fleet:vehicle_list")
