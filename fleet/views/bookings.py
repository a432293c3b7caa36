"""Pages to reserve and book vehicles, and to see and cancel reservations and bookings."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from cities.local_times import local_clock
from cities.location import CHOSEN
from cities.models import City
from movr_project.web.form_tokens import new_form_token
from movr_project.web.pagination import page_number
from movr_project.web.redirects import post_data, safe_next

from ..calendar.availability import USUAL_LENGTH, Availability
from ..forms.bookings import BookForm, TokenForm
from ..links import book_query, list_query
from ..models import Allocation, Vehicle
from ..own_bookings import current_allocations, own_allocations, past_allocations
from ..search import nearest_free
from ..services import (
    CalendarConflict,
    VehicleRefused,
    book_vehicle,
    cancel_own_allocation,
    reserve_vehicle,
)
from .addresses import note_what_is_known, with_vehicle, with_vehicle_key
from .cards import countdown
from .next_steps import send_on
from .starting import may_start

MAX_DATE_LENGTH = 10  # characters of a date in a URL
# The form field for each refusal code.
FIELDS = {
    "in_the_past": "starts",
    "too_far_ahead": "starts",
    "too_short": "ends",
    "too_long": "ends",
    "too_many_hours": "ends",
}
ELSEWHERE = {"vehicle_gone", "email_unconfirmed", "too_many_bookings"}


@require_POST
@with_vehicle_key
def vehicle_reserve(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    """Reserve the vehicle for a few minutes. Someone at the vehicle is in its city, whatever their current city is."""
    city = vehicle.served_city
    form = TokenForm(request.POST)
    form.is_valid()
    if form.cleaned_data["at_it"]:
        request.session[CHOSEN] = city.name
    try:
        reservation = reserve_vehicle(
            rider=request.user,
            city=city if form.cleaned_data["at_it"] else request.city,
            vehicle_city=city.name,
            vehicle_id=vehicle.id,
            token=form.cleaned_data["token"],
        )
    except VehicleRefused as refused:
        return send_on(request, refused, vehicle)
    until = {"moment": local_clock(reservation.ends_at, city)}
    messages.success(request, _("Reserved until %(moment)s.") % until)
    return redirect(vehicle)


@require_http_methods(["GET", "HEAD", "POST"])
@with_vehicle
def vehicle_book(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    """Book the vehicle. Times are local to its city."""
    city = vehicle.served_city
    if request.method == "POST":
        form = BookForm(post_data(request), city=city)
        try:
            booking = _book(request.user, vehicle, form)
        except VehicleRefused as refused:
            return send_on(request, refused, vehicle)
        if booking is not None:
            messages.success(request, _("Booked. See it under Bookings."))
            return redirect(booking)
        availability = Availability.of(vehicle, viewer=request.user)
    else:
        availability = Availability.of(vehicle, viewer=request.user)
        bounds = {"start": request.GET.get("from", ""), "end": request.GET.get("until", "")}
        form = BookForm.first(city=city, free=availability.next_free(USUAL_LENGTH), **bounds)
    note_what_is_known(request, vehicle, availability)
    context = {
        "vehicle": vehicle,
        "form": form,
        "availability": availability,
        "no_show_minutes": settings.BOOKING_NO_SHOW_MINUTES,
    }
    return render(request, "fleet/vehicle_book.html", context)


@never_cache
@require_safe
def booking_list(request: HttpRequest) -> HttpResponse:
    """List the user's reservations and bookings in all cities, current and future ones first."""
    now = timezone.now()
    current = current_allocations(request.user, now)
    for allocation in current:
        annotate_for_rider(allocation, request.user)
    page = past_allocations(request.user, now, page_number(request.GET.get("page", "")))
    for allocation in page:
        if allocation.is_booking and allocation.cancelled_at and allocation.ends_at > now:
            allocation.free_then = list_query(allocation.vehicle.type, allocation.interval)
    return render(
        request,
        "fleet/booking_list.html",
        {
            "holds": [one for one in current if one.is_reservation],
            "bookings": [one for one in current if one.is_booking],
            "page": page,
            "ride_token": new_form_token(),
            "may_start": may_start(request.user),
            "now": now,
        },
    )


@never_cache
@require_safe
def booking_detail(request: HttpRequest, city: City, allocation_id: uuid.UUID) -> HttpResponse:
    allocations = own_allocations(request.user).with_outcome().select_related("vehicle")
    allocation = get_object_or_404(allocations, city=city.name, id=allocation_id)
    annotate_for_rider(allocation, request.user)
    context = {
        "allocation": allocation,
        "ride_token": new_form_token(),
        "may_start": may_start(request.user),
        "now": timezone.now(),
    }
    return render(request, "fleet/booking_detail.html", context)


@require_POST
def booking_cancel(request: HttpRequest, city: City, allocation_id: uuid.UUID) -> HttpResponse:
    """Cancel the user's own reservation or booking. Idempotent; 404 for other people's."""
    allocation = get_object_or_404(own_allocations(request.user), city=city.name, id=allocation_id)
    try:
        cancel_own_allocation(rider=request.user, city=city.name, allocation_id=allocation_id)
    except VehicleRefused as refused:
        messages.warning(request, str(refused))
    else:
        held = allocation.is_reservation
        messages.success(request, _("Your reservation is cancelled.") if held else _("Your booking is cancelled."))
    return redirect(safe_next(request) or "fleet:booking_list")


def annotate_for_rider(allocation: Allocation, user: User) -> None:
    """Set the attributes that templates need: ``is_over``, ``has_begun`` and ``countdown``.

    ``is_late`` says that someone else is still riding the vehicle; ``instead`` is then the nearest alternative.
    """
    now = timezone.now()
    allocation.is_over = allocation.has_ended(now)
    allocation.vehicle.is_known_to_viewer = True
    allocation.has_begun = allocation.covers(now)
    allocation.is_late = allocation.has_begun and allocation.is_booking and allocation.vehicle.is_on_trip
    if allocation.is_late:
        same = Allocation.objects.in_city(allocation.city).filter(id=allocation.id)
        allocation.is_late = same.meeting_a_ride(now).exists()
    allocation.countdown = countdown(allocation.ends_at, allocation.served_city) if allocation.has_begun else {}
    allocation.book_query = book_query(now, allocation.ends_at) if allocation.is_late else ""
    allocation.instead = nearest_free(allocation, now) if allocation.is_late else None


def _book(rider: User, vehicle: Vehicle, form: BookForm) -> Allocation | None:
    """Return the booking, or None after adding the error to the form. Raises errors that another input can't fix."""
    if not form.is_valid():
        return None
    data = form.cleaned_data
    try:
        return book_vehicle(
            rider=rider,
            vehicle_city=vehicle.city,
            vehicle_id=vehicle.id,
            starts_at=data["starts"],
            ends_at=data["ends"],
            description=data["description"],
            token=data["token"],
        )
    except CalendarConflict as conflict:
        form.add_error("starts", str(conflict))
        form.instead = conflict.next_free
    except VehicleRefused as refused:
        if refused.code in ELSEWHERE:
            raise
        form.add_error(FIELDS.get(refused.code), str(refused))
        if refused.code == "already_ended":
            form.renew_token()
    return None
