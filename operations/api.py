"""Reports of problems with vehicles."""

import uuid
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from accounts.api_access.models import Scope
from cities.api import city_or_404, city_path
from cities.models import City
from cities.registry import registry
from fleet.api.access import check_permission, city_for, find_vehicle, may, vehicle_not_found
from fleet.api.inputs import StrictSchema, VehicleRef, served_city
from fleet.at_the_label import is_at
from fleet.models import Vehicle
from movr_project.api.answers import answer, created, no_content
from movr_project.api.authentication import Caller, scope
from movr_project.api.errors import ApiError, invalid_form, not_found
from movr_project.api.idempotency import once
from movr_project.api.pagination import Collection, CursorCollection, CursorPaging, Paging, paged, paged_by_cursor
from movr_project.db.retry import retry_transaction
from photos.api import PHOTO_ANSWER, PHOTO_BODY, photo_answer, picture_in, takes_photo
from photos.models import Subject
from photos.reading import photo_of
from rides.models import Ride
from throttling.services import throttle

from .forms import ReportForm, ResolutionForm
from .models import ProblemKind, ProblemReport
from .services.reports import add_report_photo, close_report, report_problem

router = Router(tags=["reports"])
VIEW = "operations.view_problemreport"
CHANGE = "operations.change_problemreport"


class ReportIn(VehicleRef):
    kind: ProblemKind
    text: str = Field("", max_length=500)
    latitude: float | None = Field(None, ge=-90, le=90, description="Where you are, if you like.")
    longitude: float | None = Field(None, ge=-180, le=180)


class ResolutionIn(StrictSchema):
    resolution: str = Field("", max_length=200, description="The person who reported it will see this.")


class ReportLinks(Schema):
    self: str
    city: str
    photo: str = Field(description="POST a photo there while the report is open. GET it later.")


class ReportOut(Schema):
    id: uuid.UUID
    city: str
    vehicle_id: uuid.UUID = Field(description="The permanent ID.")
    kind: str
    text: str
    created_at: str
    put_out_of_service: bool
    closed_at: str | None
    resolution: str
    links: ReportLinks = Field(alias="_links")


class ReportFilters(Schema):
    open: bool | None = None


def report_path(report: ProblemReport) -> str:
    return f"{city_path(registry[report.city])}/reports/{report.id}"


def represent(report: ProblemReport) -> dict[str, Any]:
    city = registry[report.city]
    return {
        "id": report.id,
        "city": city.slug,
        "vehicle_id": report.vehicle_id,
        "kind": report.kind,
        "text": report.text,
        "created_at": report.created_at,
        "put_out_of_service": report.took_off,
        "closed_at": report.closed_at,
        "resolution": report.resolution,
        "_links": {
            "self": report_path(report),
            "city": city_path(city),
            "photo": f"{report_path(report)}/photo",
        },
    }


@router.post("/reports", auth=scope(Scope.RIDES), response={201: ReportOut}, summary="Report a problem")
def create_report(request: HttpRequest, data: ReportIn) -> HttpResponse:
    """Past riders may name a vehicle by its permanent ID."""
    form = ReportForm(data.model_dump())
    if not form.is_valid():
        raise invalid_form(form)
    throttle("report", str(request.auth.id), limit=settings.REPORTS_PER_HOUR)
    return once(
        request,
        _report,
        lambda report: created(represent(report), report_path(report)),
        request_=request,
        city=served_city(data.city),
        id_=data.vehicle,
        form=form,
        token=uuid4().hex,
    )


@retry_transaction(idempotent=True)
def _report(*, request_: HttpRequest, city: City, id_: uuid.UUID, form: ReportForm, token: str) -> ProblemReport:
    caller = request_.auth
    vehicle = _reported(caller, city, id_)
    report: ProblemReport = report_problem.__wrapped__(  # type: ignore[attr-defined]
        reporter=caller.user,
        vehicle_city=city.name,
        vehicle_id=vehicle.id,
        kind=ProblemKind(form.cleaned_data["kind"]),
        text=form.cleaned_data["text"],
        token=token,
        at_label=is_at(request_, vehicle, form.position),
    )
    return report


def _reported(caller: Caller, city: City, id_: uuid.UUID) -> Vehicle:
    """Return the vehicle at an address, or one that the person has ridden."""
    try:
        return find_vehicle(caller, city, id_)
    except ApiError:
        ridden = Ride.objects.in_city(city.name).of_rider(caller.user).filter(vehicle_id=id_)
        vehicle = Vehicle.objects.in_city(city.name).listed().filter(id=id_).first() if ridden.exists() else None
        if vehicle is None:
            raise vehicle_not_found() from None
        return vehicle


@router.get("/reports", auth=scope(Scope.RIDES), response=Collection[ReportOut], summary="List own reports")
def list_own_reports(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    """The list has reports in all cities, the latest first."""
    return paged(request, _own(request.auth).order_by("-created_at", "-id"), paging, represent)


@router.get(
    "/cities/{slug}/reports",
    auth=scope(Scope.FLEET_READ, clients=True),
    response=CursorCollection[ReportOut],
    summary="List a city's reports",
)
def list_reports(
    request: HttpRequest, slug: str, paging: Query[CursorPaging], filters: Query[ReportFilters]
) -> HttpResponse:
    """Only organizations and staff see a city's reports."""
    city = city_for(request.auth, slug)
    check_permission(request.auth, VIEW, Scope.FLEET_READ)
    reports = ProblemReport.objects.filter(city=city.name)
    if filters.open is not None:
        reports = reports.filter(closed_at__isnull=filters.open)
    return paged_by_cursor(request, reports, paging, represent, order=("-created_at", "-id"))


@router.get(
    "/cities/{slug}/reports/{uuid:id}",
    auth=scope(Scope.RIDES, Scope.FLEET_READ, clients=True),
    response=ReportOut,
    summary="Read a report",
)
def read_report(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """People read their own reports. Organizations and staff read any."""
    return answer(represent(_readable(request.auth, slug, id)))


def _readable(caller: Caller, slug: str, id_: uuid.UUID) -> ProblemReport:
    city = city_for(caller, slug)
    reports = ProblemReport.objects.all() if may(caller, VIEW, Scope.FLEET_READ) else _own(caller)
    report = reports.filter(city=city.name, id=id_).first()
    if report is None:
        raise not_found()
    return report


@router.post(
    "/cities/{slug}/reports/{uuid:id}/photo",
    auth=scope(Scope.RIDES),
    response={204: None},
    summary="Add a photo to a report",
    openapi_extra=PHOTO_BODY,
)
@takes_photo
def add_photo(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """The photo replaces an earlier one, while the report is open."""
    picture = picture_in(request)
    add_report_photo(city=city_or_404(slug).name, report_id=id, reporter=request.auth.user, picture=picture)
    return no_content()


@router.get(
    "/cities/{slug}/reports/{uuid:id}/photo",
    auth=scope(Scope.RIDES, Scope.FLEET_READ, clients=True),
    summary="Read a report's photo",
    openapi_extra=PHOTO_ANSWER,
)
def read_report_photo(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """People read their own reports. Organizations and staff read any."""
    report = _readable(request.auth, slug, id)
    return photo_answer(photo_of(Subject.REPORT, report.city, report.id))


@router.post(
    "/cities/{slug}/reports/{uuid:id}/close",
    auth=scope(Scope.FLEET_WRITE, clients=True),
    response=ReportOut,
    summary="Close a report",
)
def finish_report(request: HttpRequest, slug: str, id: uuid.UUID, data: ResolutionIn) -> HttpResponse:  # noqa: A002
    """Organizations and staff close reports. Idempotent. The person who reported it is notified."""
    city = city_for(request.auth, slug)
    check_permission(request.auth, CHANGE, Scope.FLEET_WRITE)
    form = ResolutionForm(data.model_dump())
    if not form.is_valid():
        raise invalid_form(form)
    report = close_report(city=city.name, report_id=id, resolution=form.cleaned_data["resolution"])
    return answer(represent(report))


def _own(caller: Caller) -> Any:
    """Return the caller's own reports, in all cities."""
    if caller.user is None:
        return ProblemReport.objects.none()
    return ProblemReport.objects.filter(reporter_city=caller.user.city, reporter_id=caller.user.id)
