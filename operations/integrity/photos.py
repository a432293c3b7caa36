"""Rules for photos."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from cities.models import City
from photos.models import Photo, Subject
from rides.models import Ride

from ..models import ProblemReport
from .rules import rule


@rule("A photo's ride or report exists, and belongs to the person who took the photo.")
def photo_subject(city: City) -> QuerySet:
    same = {"id": OuterRef("subject_id")}
    rides = Ride.objects.in_city(city.name).filter(rider_id=OuterRef("photographer_id"), **same)
    reports = ProblemReport.objects.filter(city=city.name, reporter_id=OuterRef("photographer_id"), **same)
    of_ride = Q(subject=Subject.RIDE) & Exists(rides)
    of_report = Q(subject=Subject.REPORT) & Exists(reports)
    return Photo.objects.filter(city=city.name).filter(~(of_ride | of_report))


@rule("A photo's photographer exists, and lives in the city that it names.")
def photo_photographer(city: City) -> QuerySet:
    """Reads the photographers' home cities too, as visitors also take photos."""
    person = User.objects.filter(city=OuterRef("photographer_city"), id=OuterRef("photographer_id"))
    return Photo.objects.filter(city=city.name).filter(~Exists(person))
