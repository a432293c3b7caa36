"""What operators say in the admin, and how it gets into the feeds."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import StaffFactory
from cities.models import City
from cities.registry import registry
from cities.tests.new_city import ADD, LYON
from feeds.gbfs.published import memory
from feeds.models import Alert, System
from feeds.tests.factories import AlertFactory
from feeds.tests.reading import complaints_about, feed

pytestmark = pytest.mark.django_db

SYSTEM = "/admin/feeds/system/paris/change/"
ADD_ALERT = "/admin/feeds/alert/add/"
PARIS = {
    "system_id": "velo_paris",
    "name_en": "Velo Paris",
    "name_es": "Velo París",
    "operator": "Velo SA",
    "languages": ["en", "es"],
    "opening_hours": "Mo-Su 06:00-23:00",
    "start_date": "2026-01-05",
    "url": "https://velo.example",
    "email": "help@velo.example",
    "phone_number": "+33123456789",
    "feed_contact_email": "data@velo.example",
    "license_id": "",
    "license_url": "https://velo.example/license",
    "attribution": "Velo",
    "attribution_url": "https://velo.example/data",
    "brand_color": "#00ff7f",
    "brand_image_url": "https://velo.example/logo.svg",
    "brand_image_url_dark": "",
    "brand_last_modified": "2026-01-04",
    "brand_terms_url": "https://velo.example/brand",
}
STORM = {
    "city": "paris",
    "type": "system_closure",
    "starts_at": "2030-07-01T08:00",
    "ends_at": "2030-07-01T20:30",
    "summary_en": "Closed for a storm",
    "summary_es": "Cerrado por tormenta",
    "description_en": "",
    "description_es": "",
    "url": "https://velo.example/storm",
}


@pytest.fixture(autouse=True)
def staff(client):
    staff = StaffFactory()
    client.force_login(staff)
    return staff


def errors_of(response):
    return response.context["adminform"].form.errors


class TestSystem:
    def test_what_the_operator_says_is_published(self, client):
        assert client.post(SYSTEM, PARIS).status_code == 302
        said = feed("system_information")["data"]
        assert said["system_id"] == "velo_paris"
        assert said["name"] == [
            {"text": "Velo Paris", "language": "en"},
            {"text": "Velo París", "language": "es"},
        ]
        assert said["opening_hours"] == "Mo-Su 06:00-23:00"
        assert said["feed_contact_email"] == "data@velo.example"
        assert said["license_url"] == "https://velo.example/license"
        assert "license_id" not in said
        assert said["brand_assets"] == {
            "brand_last_modified": "2026-01-04",
            "brand_image_url": "https://velo.example/logo.svg",
            "color": "#00ff7f",
            "brand_terms_url": "https://velo.example/brand",
        }
        assert complaints_about("paris") == []

    @pytest.mark.any_engine
    @pytest.mark.parametrize(
        ("field", "wrong"),
        [
            ("system_id", {"system_id": "Velo Paris"}),
            ("system_id", {"system_id": "movr_rome"}),
            ("name", {"name_en": "", "name_es": ""}),
            ("name", {"name_es": ""}),
            ("name", {"name_en": "x" * 81}),
            ("languages", {"languages": []}),
            ("languages", {"languages": ["fr"]}),
            ("opening_hours", {"opening_hours": "whenever"}),
            ("opening_hours", {"opening_hours": "Mo-Su 06:00-25:61"}),
            ("opening_hours", {"opening_hours": "24/7;" * 1000}),
            ("url", {"url": "javascript:alert(1)"}),
            ("phone_number", {"phone_number": "0123456"}),
            ("feed_contact_email", {"feed_contact_email": "nobody"}),
            ("license_id", {"license_id": "WTFPL"}),
            ("__all__", {"license_id": "CC0-1.0"}),
            ("brand_color", {"brand_color": "green"}),
        ],
    )
    def test_invalid_input_is_an_error_at_its_field(self, client, field, wrong):
        assert field in errors_of(client.post(SYSTEM, PARIS | wrong))
        assert System.objects.get(pk="paris").system_id == "movr_paris"

    def test_a_text_is_needed_only_in_the_languages_of_the_city(self, client):
        assert client.post(SYSTEM, PARIS | {"languages": ["es"], "name_en": ""}).status_code == 302
        assert feed("vehicle_types")["data"]["vehicle_types"][0]["name"] == [{"text": "Bicicleta", "language": "es"}]
        assert complaints_about("paris") == []

    def test_a_new_city_is_published_at_once_and_can_be_deleted(self, client):
        client.post(ADD, LYON)
        registry.clear()
        assert complaints_about("lyon") == []
        added = client.post("/admin/feeds/system/add/", PARIS | {"city": "lyon"})
        assert added.status_code == 302
        memory.clear()  # as after the file's ttl
        assert feed("system_information", "lyon")["data"]["system_id"] == "velo_paris"
        client.post("/admin/cities/city/lyon/delete/", {"post": "yes"})
        assert not City.objects.filter(name="lyon").exists()
        registry.clear()


class TestAlerts:
    def test_an_alert_is_published_with_its_times_and_texts(self, client):
        assert client.post(ADD_ALERT, STORM).status_code == 302
        alert = Alert.objects.get()
        assert alert.starts_at == datetime(2030, 7, 1, 6, tzinfo=UTC)  # 8 in Paris
        (published,) = feed("system_alerts")["data"]["alerts"]
        assert published == {
            "alert_id": str(alert.id),
            "type": "system_closure",
            "times": [{"start": "2030-07-01T06:00:00+00:00", "end": "2030-07-01T18:30:00+00:00"}],
            "summary": [
                {"text": "Closed for a storm", "language": "en"},
                {"text": "Cerrado por tormenta", "language": "es"},
            ],
            "url": [
                {"text": "https://velo.example/storm", "language": "en"},
                {"text": "https://velo.example/storm", "language": "es"},
            ],
            "last_updated": alert.updated_at.isoformat(timespec="seconds"),
        }
        assert complaints_about("paris") == []

    def test_it_is_changed_in_the_time_of_its_city(self, client):
        alert = AlertFactory(city="seattle", starts_at=datetime(2030, 7, 1, 6, tzinfo=UTC))
        url = f"/admin/feeds/alert/{alert.pk}/change/"
        assert 'value="2030-06-30T23:00"' in client.get(url).content.decode()
        assert client.post(url, STORM | {"city": "rome"}).status_code == 302
        alert.refresh_from_db()
        assert (alert.city, alert.starts_at) == ("seattle", datetime(2030, 7, 1, 15, tzinfo=UTC))

    @pytest.mark.any_engine
    @pytest.mark.parametrize(
        ("field", "wrong"),
        [
            ("city", {"city": "lyon"}),
            ("type", {"type": "station_closure"}),
            ("starts_at", {"starts_at": ""}),
            ("starts_at", {"starts_at": "2030-03-31T02:30"}),  # the clocks go forward
            ("__all__", {"ends_at": "2030-07-01T08:00"}),
            ("summary", {"summary_en": "", "summary_es": ""}),
            ("summary", {"summary_es": ""}),
            ("summary", {"summary_en": "\u200b"}),
            ("description", {"description_en": "Only in English."}),
            ("url", {"url": "nowhere"}),
        ],
    )
    def test_invalid_input_is_an_error_at_its_field(self, client, field, wrong):
        assert field in errors_of(client.post(ADD_ALERT, STORM | wrong))
        assert not Alert.objects.exists()

    def test_past_alerts_and_those_of_other_cities_are_left_out(self):
        AlertFactory(city="rome")
        AlertFactory(starts_at=timezone.now() - timedelta(days=2), ends_at=timezone.now() - timedelta(days=1))
        coming = AlertFactory(starts_at=timezone.now() + timedelta(days=1))
        assert [alert["alert_id"] for alert in feed("system_alerts")["data"]["alerts"]] == [str(coming.id)]

    def test_a_language_that_was_added_later_gets_the_text_there_is(self):
        AlertFactory(summary={"en": "Closed"})
        (alert,) = feed("system_alerts")["data"]["alerts"]
        assert alert["summary"] == [{"text": "Closed", "language": "en"}, {"text": "Closed", "language": "es"}]
