import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cities.geography import parse_position
from cities.local_times import local_clock, local_moment
from cities.location import CHOSEN
from cities.models import City
from fleet.known_places import words_for
from fleet.services import VehicleRefused
from fleet.views.addresses import find_vehicle_key, moved_on
from fleet.views.next_steps import send_on
from movr_project.web.live_parts import render_live, wants_live_part
from movr_project.web.pagination import Page, page_number
from movr_project.web.uploads import accepts_uploads
from photos.errors import PhotoRefused
from photos.fields import MAX_UPLOAD
from photos.models import Subject
from photos.pictures import Picture
from photos.reading import photo_of

from .forms import EndRideForm, StartRideForm
from .locks import LockRefused, lock, opens_by_command
from .models import Ride
from .own_rides import open_rides, own_ride
from .parking_photos import add_parking_photo
from .pauses import pause_ride, resume_ride
from .rows import past_rows
from .services import RideRefused, end_ride, ended_ride_of_form, start_ride

PAGE_SIZE = 25


@require_safe
def ride_list(request: HttpRequest) -> HttpResponse:
    """List the user's rides in all cities. The open one comes first, with the form to end it."""
    rides = Ride.objects.of_rider(request.user).select_related("vehicle").newest_first()
    whole = not wants_live_part(request)
    current = open_rides(request.user) if request.user.is_riding and whole else []
    for ride in current:
        _give_form(ride, EndRideForm())
    page = Page.of(rides.ended(), page_number(request.GET.get("page", "")), PAGE_SIZE)
    return render_live(
        request,
        "rides/ride_list.html",
        "rides/_past_rides.html",
        {"open_rides": current, "page": page, "rows": past_rows(page)},
    )


@require_POST
def ride_start(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Start a ride. A person at the vehicle is in its city, whatever their current city is."""
    form = StartRideForm(request.POST)
    form.is_valid()
    vehicle = find_vehicle_key(request, city, vehicle_id)
    if vehicle is None:
        return _moved_on(request, city, form.cleaned_data["token"])
    if form.cleaned_data["at_it"]:
        request.session[CHOSEN] = city.name
    try:
        ride = start_ride(
            rider=request.user,
            city=city if form.cleaned_data["at_it"] else request.city,
            vehicle_city=city.name,
            vehicle_id=vehicle.id,
            token=form.cleaned_data["token"],
        )
    except (RideRefused, VehicleRefused) as refused:
        return send_on(request, refused, vehicle)
    messages.success(request, _("Ride started."))
    if ride.due_at:
        due = {"moment": local_moment(ride.due_at, city), "left": timeuntil(ride.due_at)}
        messages.warning(request, _("It is booked from %(moment)s, so please end your ride within %(left)s.") % due)
    return redirect("rides:ride_list")


def _moved_on(request: HttpRequest, city: City, token: str) -> HttpResponse:
    """Show the ended ride to a rider who sends its form again, and other vehicles to everyone else."""
    ended = ended_ride_of_form(rider=request.user, city=city, token=token)
    if ended is None:
        return moved_on(request, city)
    messages.info(request, _("The ride started with this form has ended."))
    return redirect(ended)


@require_safe
def ride_detail(request: HttpRequest, city: City, ride_id: uuid.UUID) -> HttpResponse:
    """Show an open ride with its form, or the summary of an ended one."""
    return _ride_page(request, _own_ride(request, city, ride_id))


@require_POST
def ride_unlock(request: HttpRequest, city: City, ride_id: uuid.UUID) -> HttpResponse:
    """Open the ride's lock. 404 if locks can't be opened remotely."""
    if not opens_by_command():
        raise Http404
    ride = _own_ride(request, city, ride_id)
    if ride.is_open:
        _unlock(request, ride)
    return redirect(ride)


def _unlock(request: HttpRequest, ride: Ride) -> None:
    try:
        lock().unlock(ride)
    except LockRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The lock is open."))


@require_POST
def ride_pause(request: HttpRequest, city: City, ride_id: uuid.UUID) -> HttpResponse:
    """Pause a ride."""
    try:
        ride = pause_ride(city=city.name, ride_id=ride_id, rider=request.user)
    except RideRefused as refused:
        messages.error(request, str(refused))
        return redirect(_own_ride(request, city, ride_id))
    told = {"time": local_clock(ride.pause_until, city)}
    messages.success(request, _("Ride paused. Lock the vehicle. It's yours until %(time)s.") % told)
    return redirect("rides:ride_list")


@require_POST
def ride_resume(request: HttpRequest, city: City, ride_id: uuid.UUID) -> HttpResponse:
    """Go on with a paused ride, and open its lock if that is possible from here."""
    try:
        ride = resume_ride(city=city.name, ride_id=ride_id, rider=request.user)
    except RideRefused as refused:
        raise Http404(str(refused)) from refused
    if not ride.is_open:
        return redirect(ride)
    if opens_by_command():
        _unlock(request, ride)
    return redirect("rides:ride_list")


@require_safe
def place_words(request: HttpRequest, city: City) -> HttpResponse:
    """Return what is known of the place at ``lat`` and ``lon``: words, or "" if nothing is."""
    position = parse_position(request.GET.get("lat", ""), request.GET.get("lon", ""))
    return JsonResponse({"words": words_for(city, position)})


@accepts_uploads(max_files=1, max_bytes=MAX_UPLOAD)
@require_http_methods(["GET", "HEAD", "POST"])
def ride_end(request: HttpRequest, city: City, ride_id: uuid.UUID) -> HttpResponse:
    """End a ride. Show an invalid form on the ride's page, and redirect GET requests there."""
    if request.method != "POST":
        return redirect(_own_ride(request, city, ride_id))
    form = EndRideForm(request.POST, request.FILES, photographer=request.user)
    if form.is_valid() and (ride := _end(request, city, ride_id, form)):
        messages.success(request, _("Ride ended."))
        if ride.end_position is None:
            messages.warning(request, _("We don't know its position, so our team will have to look for it."))
        return redirect(ride)
    return _ride_page(request, _own_ride(request, city, ride_id), form)


def _end(request: HttpRequest, city: City, ride_id: uuid.UUID, form: EndRideForm) -> Ride | None:
    """Return the ended ride, or None after adding the error to the form. 404 for other people's rides.

    The photo is kept first, so that it needn't be taken again if the place is refused. A ride ends without its photo if
    that can't be stored.
    """
    picture = form.cleaned_data["photo"]
    try:
        form.is_photo_kept = picture is not None and _keep_photo(request, city, ride_id, picture)
        return end_ride(
            city=city.name,
            ride_id=ride_id,
            rider=request.user,
            end_location=form.cleaned_data["end_location"] or words_for(city, form.position),
            position=form.position,
            needs_photo=picture is None or form.is_photo_kept,
        )
    except RideRefused as refused:
        if refused.code != "photo_missing":
            raise Http404(str(refused)) from refused
        form.add_error("photo", str(refused))
        return None
    except VehicleRefused as refused:
        form.add_error("latitude", str(refused))
        return None


def _keep_photo(request: HttpRequest, city: City, ride_id: uuid.UUID, picture: Picture) -> bool:
    """Return False, and tell the rider, if the photo can't be stored."""
    try:
        add_parking_photo(city=city.name, ride_id=ride_id, rider=request.user, picture=picture)
    except PhotoRefused:
        messages.warning(request, _("We couldn't save your photo."))
        return False
    return True


def _ride_page(request: HttpRequest, ride: Ride, form: EndRideForm | None = None) -> HttpResponse:
    if ride.is_open:
        _give_form(ride, form or EndRideForm())
        return render(request, "rides/ride_detail.html", {"ride": ride}, status=form.status if form else None)
    photo = photo_of(Subject.RIDE, ride.city, ride.id)
    return render(request, "rides/ride_detail.html", {"ride": ride, "photo": photo})


def _give_form(ride: Ride, form: EndRideForm) -> None:
    """Attach the form that ends the ride. Its ids are its own, as a page may have several forms."""
    form.auto_id = f"end-{ride.id}-%s"
    ride.end_form = form


def _own_ride(request: HttpRequest, city: City, ride_id: uuid.UUID) -> Ride:
    ride = own_ride(request.user, city.name, ride_id)
    if ride is None:
        raise Http404
    return ride
