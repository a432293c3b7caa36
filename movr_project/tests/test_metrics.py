import re
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from accounts.tests.factories import UserFactory
from fleet.tests.calendars import maintain
from fleet.tests.factories import VehicleFactory
from jobs.tests import tasks
from jobs.tests.work import run_jobs
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused
from movr_project.metrics import serve_counters
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

TOKEN = "t" * 32


@pytest.fixture
def read(settings, client):
    """Return the current samples: values by name and labels."""
    settings.METRICS_TOKEN = TOKEN

    def read():
        page = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert page.status_code == 200
        samples = {}
        for family in text_string_to_metric_families(page.content.decode()):
            for sample in family.samples:
                samples[(sample.name, *sorted(sample.labels.values()))] = sample.value
        return samples

    return read


@pytest.mark.any_engine
class TestWhoMayRead:
    def test_nobody_by_default(self, client):
        assert client.get("/metrics").status_code == 404

    @pytest.mark.parametrize("given", ["", "Bearer wrong", "Basic " + TOKEN, "Bearer \u00e9"])
    def test_only_those_who_have_the_token(self, client, settings, given):
        settings.METRICS_TOKEN = TOKEN
        page = client.get("/metrics", headers={"authorization": given})
        assert page.status_code == 401
        assert b"movr_" not in page.content


def test_requests_are_counted_by_view_and_status(read, client):
    before = read().get(("movr_request_seconds_count", "200", "home"), 0)
    client.get("/")
    client.get("/?again")
    assert read()["movr_request_seconds_count", "200", "home"] == before + 2


def test_statements_are_counted(read):
    before = read()[("movr_statement_seconds_count",)]
    UserFactory()
    assert read()[("movr_statement_seconds_count",)] > before


def test_refusals_are_counted_by_code(read):
    @retry_transaction
    def refuse():
        raise Refused("No.", code="test_code")

    with pytest.raises(Refused):
        refuse()
    (key,) = (key for key in read() if key[0] == "movr_refusals_total" and "test_code" in key)
    assert "refuse" in key[2]


def test_jobs_are_counted_by_task_and_outcome(read):
    done = ("movr_job_seconds_count", *sorted(["done", tasks.do_nothing.module_path]))
    before = read().get(done, 0)
    tasks.do_nothing.enqueue()
    run_jobs()
    assert read()[done] == before + 1


@pytest.mark.any_engine
def test_a_worker_can_serve_what_it_counts_on_a_port_of_its_own():
    server = serve_counters(0)
    try:
        with urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=60) as page:
            text = page.read().decode()
    finally:
        server.shutdown()
        server.server_close()
    assert "movr_statement_seconds_count" in text
    assert "movr_vehicles" not in text, "web servers look into the database"


def test_vehicles_and_rides_are_counted_by_city(read):
    VehicleFactory(city="rome")
    maintain(VehicleFactory(city="rome"))
    OpenRideFactory(vehicle=VehicleFactory(city="rome"))
    samples = read()
    for situation in ("available", "maintenance", "in_use"):
        assert samples["movr_vehicles", *sorted(["rome", situation])] == 1
    assert samples["movr_rides_open", "rome"] == 1
    assert ("movr_bookings_at_risk", "rome") not in samples
    assert samples[("movr_database_up",)] == 1


def test_labels_name_nobody(read, client):
    client.get("/users/grace.hopper/")
    client.get("/no/such/page/of/grace.hopper")
    assert not re.search(r"grace|@", "".join(map(str, read())))


@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_process_still_tells_what_it_knows(read, database_out_of_reach):
    samples = read()
    assert samples[("movr_database_up",)] == 0
    assert ("movr_statement_seconds_count",) in samples
