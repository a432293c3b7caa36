"""The main job in Spanish, by the browser's language and by the language menu."""

import re

import pytest

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from movr_project.tests.browser.conftest import PHONE
from movr_project.tests.browser.steps import BROWSERS, SCRIPTS, fits, log_in, open_end_form, see
from rides.models import Ride

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@BROWSERS
def test_a_rider_signs_up_rides_and_finds_the_ride_in_spanish(open_browser, viewport, javascript):
    vehicle = VehicleFactory(type="scooter", battery_percent=80, range_m=12_300)
    with open_browser(viewport, javascript=javascript, locale="es-ES") as page:
        page.goto("/register/")
        assert page.locator("html").get_attribute("lang") == "es"
        page.get_by_label("Correo electrónico").fill("ada@example.com")
        page.get_by_label("Contraseña").fill(PASSWORD)
        page.get_by_label("Nombre").fill("Ada")
        page.get_by_label("Ciudad habitual").select_option("paris")
        page.locator("main").get_by_role("button", name="Registrarse").click()
        see(page, "Tu nombre de usuario es ada.")
        see(page, "Vehículos en París")
        assert fits(page)

        if javascript:  # on the phone, with the map first
            page.locator(".to-list").click()
        see(page, "80 % de batería")
        see(page, "12,3 km de autonomía")
        page.get_by_role("button", name=f"Empezar el viaje {vehicle.plate}").click()
        see(page, "Viaje empezado.")
        see(page, vehicle.lock_code)
        assert fits(page)

        open_end_form(page, "Terminar el viaje")
        page.get_by_label("¿Dónde dejas aparcado el vehículo?").fill("Eiffel Tower")
        page.get_by_role("button", name="Terminar el viaje aquí").click()
        see(page, "Viaje terminado.")
        see(page, "Resumen del viaje")
        assert re.search(r"\d+ de [a-z]+ de 20\d\d a las \d+:\d\d", page.locator("main").inner_text())
        assert fits(page)
    assert Ride.objects.get().end_location == "Eiffel Tower"
    assert User.objects.get().language == "es"


@SCRIPTS
def test_the_language_is_chosen_at_the_foot_of_the_page_or_in_the_menu_and_kept(open_browser, javascript):
    rider = UserFactory()
    with open_browser(PHONE, javascript=javascript) as page:
        page.goto("/login/?next=/users/")
        page.get_by_role("button", name="Español").click()
        page.locator("main").get_by_role("button", name="Iniciar sesión", exact=True).wait_for()
        assert page.url.endswith("/login/?next=/users/")
        page.get_by_role("button", name="English").click()
        page.get_by_label("Username or e-mail").wait_for()

        log_in(page, rider.username)
        page.goto("/vehicles/")  # with scripts, the map leaves no room for the foot
        page.locator(".user-menu > summary").click()
        page.locator(".menu-about").get_by_role("button", name="Español").click()
        see(page, "Vehículos en París")
    rider.refresh_from_db()
    assert rider.language == "es"
    with open_browser(PHONE, javascript=javascript) as page:  # another device
        log_in(page, rider.username)
        see(page, "Vehículos en París")


def test_a_place_chosen_on_the_map_is_sent_as_programs_read_it(open_browser):
    rider = UserFactory(language="es")
    latitude, longitude = EIFFEL_TOWER
    vehicle = VehicleFactory(latitude=latitude, longitude=longitude)
    options = {"geolocation": {"latitude": latitude, "longitude": longitude}, "permissions": ["geolocation"]}
    with open_browser(PHONE, **options) as page:
        log_in(page, rider.username)
        page.get_by_role("button", name=f"Empezar el viaje {vehicle.plate}").click()
        open_end_form(page, "Terminar el viaje")
        page.locator(".pick-place .marker").wait_for()
        page.get_by_role("button", name="Terminar el viaje aquí").click()
        see(page, "Viaje terminado.")
    ride = Ride.objects.get()
    assert (float(ride.end_latitude), float(ride.end_longitude)) == pytest.approx(EIFFEL_TOWER, abs=1e-4)
