"""Cities are cached. Changes are visible at once in this process, and soon in others."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction

from cities.models import City, Region
from cities.registry import regions, registry
from movr_project.db.memory import MAX_AGE_SECONDS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget():
    yield
    registry.clear()


def change_elsewhere(**changes):
    """Update without signals, like another process."""
    City.objects.filter(name="rome").update(**changes)


def grow_older(monkeypatch, seconds):
    monkeypatch.setattr(registry, "_loaded_at", time.monotonic() - seconds)


def in_another_thread(work):
    def run():
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_reading_cities_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert registry["rome"].code == "ROM"
        assert registry.with_slug("new-york").name == "new york"
        assert registry.with_code("PAR").name == "paris"
        assert registry.nearest(41.9, 12.5).name == "rome"
        assert len(registry.by_region()) == 3


def test_a_page_with_the_city_menu_costs_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/")


def test_a_change_is_seen_at_once():
    rome = City.objects.get(name="rome")
    rome.display_name = "Roma"
    rome.save()
    assert str(registry["rome"]) == "Roma"


def test_a_new_city_is_seen_at_once():
    lyon = City.objects.get(name="paris")
    lyon.name, lyon.code = "lyon", "LYO"
    lyon.save(force_insert=True)
    assert "lyon" in registry


def test_a_deleted_city_is_gone_at_once():
    City.objects.get(name="rome").delete()
    assert registry.get("rome") is None


@pytest.mark.django_db(transaction=True)
def test_a_change_is_seen_once_committed_by_a_thread_that_looked_before():
    with transaction.atomic():
        rome = City.objects.get(name="rome")
        rome.display_name = "Roma"
        rome.save()
        assert in_another_thread(lambda: str(registry["rome"])) == "Rome"
    assert str(registry["rome"]) == "Roma"


def test_changes_by_other_processes_are_not_queried_constantly(monkeypatch):
    change_elsewhere(display_name="Roma")
    grow_older(monkeypatch, MAX_AGE_SECONDS - 1)
    assert str(registry["rome"]) == "Rome"


def test_changes_by_other_processes_are_seen_after_a_while(monkeypatch):
    change_elsewhere(display_name="Roma")
    grow_older(monkeypatch, MAX_AGE_SECONDS + 1)
    assert str(registry["rome"]) == "Roma"


def test_a_change_never_leaves_another_thread_without_cities(monkeypatch):
    """A thread that has checked the age of the cache and is about to read it."""
    clock = time.monotonic

    def changed_meanwhile():
        registry.clear()
        return clock()

    monkeypatch.setattr(time, "monotonic", changed_meanwhile)
    assert "rome" in registry


@pytest.mark.parametrize("ask", [registry.default, lambda: registry.nearest(48.9, 2.3)])
def test_without_any_city_the_operator_reads_what_to_do(ask):
    City.objects.all().delete()
    with pytest.raises(ImproperlyConfigured, match="Add one in the admin"):
        ask()


def test_cities_are_in_order_under_their_regions():
    groups = [(str(region), [city.name for city in cities]) for region, cities in registry.by_region()]
    assert groups == [
        ("Europe", ["amsterdam", "paris", "rome"]),
        ("US East", ["boston", "new york", "washington dc"]),
        ("US West", ["los angeles", "san francisco", "seattle"]),
    ]


def test_a_region_is_called_what_staff_call_it_and_else_what_the_database_does():
    Region.objects.filter(name="gcp-us-east1").delete()
    europe = Region.objects.get(name="gcp-europe-west1")
    europe.display_name = "Western Europe"
    europe.save()
    regions.clear()
    assert [str(region) for region, _cities in registry.by_region()] == ["US West", "Western Europe", "gcp-us-east1"]
    assert str(regions.of(registry["boston"])) == "gcp-us-east1"


@pytest.mark.parametrize("slug", ["", "-", "newyork", "New-York", "atlantis", "\x00", "x" * 10_000])
def test_no_city_has_another_slug(slug):
    assert registry.with_slug(slug) is None


@pytest.mark.parametrize("code", ["", "PA", "par", "PARX", "ZZZ"])
def test_no_city_has_another_code(code):
    assert registry.with_code(code) is None


@pytest.mark.django_db
def test_a_city_that_another_process_added_is_found_by_a_row_that_is_in_it():
    assert "lyon" not in registry
    paris = registry["paris"]
    lyon = {field.attname: getattr(paris, field.attname) for field in City._meta.fields}
    City.objects.bulk_create([City(**lyon | {"name": "lyon", "code": "LYO"})])  # sends no signals
    try:
        assert registry["lyon"].code == "LYO"
    finally:
        registry.clear()
