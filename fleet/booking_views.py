"""Reserving and booking a vehicle, its calendar, and what one has reserved and booked."""

import uuid
from datetime import date

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from cities.location import CHOSEN
from cities.models import City
from movr_project.form_tokens import new_form_token
from movr_project.pagination import Page, page_number
from movr_project.redirects import posted, safe_next

from .availability import USUAL_LENGTH, Availability, book_query, list_query
from .booking_forms import BookForm, TokenForm
from .choices import AllocationKind
from .local_times import YEARS
from .models import Allocation, Vehicle
from .next_steps import send_on
from .querysets import AllocationQuerySet
from .search import nearest_free
from .services import (
    CalendarConflict,
    VehicleRefused,
    book_vehicle,
    give_back,
    local_clock,
    local_moment,
    pause_vehicle,
    reserve_vehicle,
    resume_vehicle,
)
from .views import visible_vehicles

PAGE_SIZE = 25
# Which field of the form a refusal is about.
FIELDS = {"in_the_past": "starts", "too_far_ahead": "starts", "too_short": "ends", "too_long": "ends"}
ELSEWHERE = {"vehicle_gone", "email_unconfirmed", "too_many_bookings"}


@require_POST
def vehicle_reserve(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Hold it for a few minutes. Who stands at the vehicle is in its city."""
    form = TokenForm(request.POST)
    form.is_valid()
    if form.cleaned_data["at_it"]:
        request.session[CHOSEN] = city.name
    try:
        reservation = reserve_vehicle(
            rider=request.user,
            city=city if form.cleaned_data["at_it"] else request.city,
            vehicle_city=city.name,
            vehicle_id=vehicle_id,
            token=form.cleaned_data["token"],
        )
    except VehicleRefused as refused:
        return send_on(request, refused, city, vehicle_id)
    until = {"moment": local_clock(reservation.ends_at, city)}
    messages.success(request, _("Reserved for you until %(moment)s: start your ride by then.") % until)
    return redirect("fleet:vehicle_detail", city, vehicle_id)


@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_book(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Rows I1, I12: for an interval ahead, in the time of the vehicle's city."""
    vehicle = get_object_or_404(visible_vehicles(request), city=city.name, id=vehicle_id)
    availability = Availability.of(vehicle, viewer=request.user)
    if request.method == "POST":
        form = BookForm(posted(request), city=city)
        try:
            booking = _book(request.user, vehicle, form)
        except VehicleRefused as refused:
            return send_on(request, refused, city, vehicle_id)
        if booking is not None:
            messages.success(request, _("Booked. You find it among your bookings."))
            return redirect(booking)
    else:
        bounds = {"start": request.GET.get("from", ""), "end": request.GET.get("until", "")}
        form = BookForm.first(city=city, free=availability.next_free(USUAL_LENGTH), **bounds)
    context = {"vehicle": vehicle, "form": form, "availability": availability}
    return render(request, "fleet/vehicle_book.html", context)


@require_safe
def vehicle_calendar(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """A month at a glance, a day in detail."""
    vehicle = get_object_or_404(visible_vehicles(request), city=city.name, id=vehicle_id)
    availability = Availability.of(vehicle, viewer=request.user)
    chosen = _day(request.GET.get("day", ""))
    month = availability.month_of(_day(f"{request.GET.get('month', '')}-01") or chosen or availability.today)
    day = availability.day_of(max(chosen, availability.today)) if chosen else None
    context = {"vehicle": vehicle, "availability": availability, "month": month, "day": day}
    return render(request, "fleet/vehicle_calendar.html", context)


@require_POST
def vehicle_pause(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """An owner keeps a vehicle of theirs off the road. Other people's don't exist here."""
    vehicle = _own_vehicle(request, city, vehicle_id)
    try:
        pause = pause_vehicle(city=city.name, vehicle_id=vehicle_id, owner=request.user)
    except VehicleRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, _("Your vehicle is paused: nobody can ride or book it until you resume it."))
        if pause.ends_at:
            until = {"moment": local_moment(pause.ends_at, city)}
            messages.info(request, _("Somebody has booked it: the pause ends by itself on %(moment)s.") % until)
    return redirect(safe_next(request) or vehicle)


@require_POST
def vehicle_resume(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    vehicle = _own_vehicle(request, city, vehicle_id)
    try:
        resume_vehicle(city=city.name, vehicle_id=vehicle_id, owner=request.user)
    except VehicleRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, _("Your vehicle is back on the road."))
    return redirect(safe_next(request) or vehicle)


@never_cache
@require_safe
def booking_list(request: HttpRequest) -> HttpResponse:
    """What one has reserved and booked, in all cities: on top what is now and ahead."""
    now = timezone.now()
    mine = own_allocations(request.user)
    current = list(mine.from_now_on(now).select_related("vehicle").in_order())
    for allocation in current:
        prepare(allocation, request.user)
    over = Q(cancelled_at__isnull=False) | Q(ends_at__lte=now)
    past = mine.filter(over).with_outcome().select_related("vehicle").order_by("-starts_at", "-id")
    page = Page.of(past, page_number(request.GET.get("page", "")), PAGE_SIZE)
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
            "now": now,
        },
    )


@never_cache
@require_safe
def booking_detail(request: HttpRequest, city: City, allocation_id: uuid.UUID) -> HttpResponse:
    allocations = own_allocations(request.user).select_related("vehicle")
    allocation = get_object_or_404(allocations, city=city.name, id=allocation_id)
    prepare(allocation, request.user)
    context = {"allocation": allocation, "ride_token": new_form_token(), "now": timezone.now()}
    return render(request, "fleet/booking_detail.html", context)


@require_POST
def booking_cancel(request: HttpRequest, city: City, allocation_id: uuid.UUID) -> HttpResponse:
    """Give it back. Twice is fine; somebody else's doesn't exist here."""
    allocation = get_object_or_404(own_allocations(request.user), city=city.name, id=allocation_id)
    try:
        give_back(rider=request.user, city=city.name, allocation_id=allocation_id)
    except VehicleRefused as refused:
        messages.warning(request, str(refused))
    else:
        held = allocation.is_reservation
        messages.success(request, _("Your reservation is cancelled.") if held else _("Your booking is cancelled."))
    return redirect(safe_next(request) or "fleet:booking_list")


def own_allocations(user: User) -> AllocationQuerySet:
    """In every city: on CockroachDB a list of them asks each region."""
    kinds = [AllocationKind.RESERVATION, AllocationKind.BOOKING]
    return Allocation.objects.for_rider(user).filter(kind__in=kinds)


def prepare(allocation: Allocation, user: User) -> None:
    """What to do about it now: ``has_begun``, ``is_over``; and where somebody else still rides the vehicle,
    ``is_late``, with the nearest one that is free instead.
    """
    now = timezone.now()
    allocation.is_over = allocation.has_ended(now)
    allocation.has_begun = allocation.covers(now)
    allocation.is_late = allocation.has_begun and allocation.is_booking and allocation.vehicle.is_on_trip
    if allocation.is_late:
        same = Allocation.objects.in_city(allocation.city).filter(id=allocation.id)
        allocation.is_late = same.meeting_a_ride(now).exists()
    allocation.book_query = book_query(now, allocation.ends_at) if allocation.is_late else ""
    allocation.instead = nearest_free(allocation, now) if allocation.is_late else None


def _book(rider: User, vehicle: Vehicle, form: BookForm) -> Allocation | None:
    """The booking, or None with the reason on the form. Raises what the form can do nothing about."""
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


def _own_vehicle(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> Vehicle:
    vehicles = Vehicle.objects.not_removed().filter(owner_id=request.user.id)
    return get_object_or_404(vehicles, city=city.name, id=vehicle_id)


def _day(text: str) -> date | None:
    """Nonsense in the address is no day."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and day.year in YEARS else None
