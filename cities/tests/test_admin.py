"""Cities in the admin. A city in use can't be deleted."""

import pytest

from accounts.tests.factories import StaffFactory, UserFactory
from cities.models import City
from cities.registry import registry
from cities.tests.new_city import ADD, LYON

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    staff = StaffFactory()
    client.force_login(staff)
    yield staff
    registry.clear()


def test_a_new_city_is_served_at_once(client, staff):
    client.post(ADD, LYON)
    assert registry["lyon"].display_name == "Lyon"
    client.post("/city/", {"city": "lyon"})
    assert client.get("/vehicles/").wsgi_request.city.name == "lyon"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Lyon"),
        ("name", "new-lyon"),
        ("name", "paris"),
        ("code", "PAR"),
        ("code", "lyo"),
        ("latitude", 91),
        ("longitude", "nan"),
        ("radius_km", 0),
        ("time_zone", "Europe/Lyon"),
        ("currency", "euro"),
    ],
)
def test_invalid_input_is_an_error_at_its_field(client, staff, field, value):
    response = client.post(ADD, LYON | {field: value})
    assert field in response.context["adminform"].form.errors
    assert not City.objects.filter(display_name="Lyon").exists()


def test_name_and_code_never_change(client, staff):
    client.post("/admin/cities/city/paris/change/", LYON)
    city = City.objects.get(display_name="Lyon")
    assert (city.name, city.code) == ("paris", "PAR")


def test_a_city_in_use_can_not_be_deleted_and_staff_read_why(client, staff):
    UserFactory(city="rome")
    url = "/admin/cities/city/rome/delete/"
    assert "Rome can&#x27;t be deleted. It is still used by people." in client.get(url).content.decode()
    client.post(url, {"post": "yes"})
    assert City.objects.filter(name="rome").exists()


def test_an_empty_city_can_be_deleted(client, staff):
    client.post("/admin/cities/city/rome/delete/", {"post": "yes"})
    assert "rome" not in registry


def test_many_cities_at_once_are_deleted_only_where_none_is_in_use(client, staff):
    UserFactory(city="rome")
    chosen = {"action": "delete_selected", "_selected_action": ["rome", "boston"], "post": "yes"}
    page = client.post("/admin/cities/city/", chosen, follow=True).content.decode()
    assert "Rome can&#x27;t be deleted" in page
    assert {"rome", "boston"} <= set(registry.by_name)
