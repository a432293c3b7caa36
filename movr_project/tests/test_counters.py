"""``CounterField``: a counter that only conditional UPDATEs change, even if the row is saved."""

import pytest
from django.contrib.auth.forms import AdminPasswordChangeForm, PasswordChangeForm
from django.core import serializers
from django.db import connection
from django.db.models import F
from django.forms import modelform_factory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from movr_project.db.counters import CounterField

pytestmark = pytest.mark.django_db


@pytest.fixture
def stale():
    """A user loaded before a ride started, so that the object has no open rides."""
    user = UserFactory()
    loaded = User.objects.get(id=user.id)
    User.objects.filter(id=user.id).update(open_rides=F("open_rides") + 1)
    assert loaded.open_rides == 0
    return loaded


def open_rides(user: User) -> int:
    return User.objects.values_list("open_rides", flat=True).get(id=user.id)


def test_a_new_person_has_counted_nothing():
    assert (UserFactory().open_rides, open_rides(UserFactory())) == (0, 0)


def test_a_new_row_may_begin_with_a_count():
    assert open_rides(UserFactory(open_rides=2)) == 2


def test_saving_a_stale_person_whole_leaves_the_count(stale):
    stale.first_name = "Grace"
    stale.save()

    assert open_rides(stale) == 1
    assert User.objects.get(id=stale.id).first_name == "Grace"


def test_saving_a_stale_person_twice_leaves_the_count(stale):
    stale.save()
    stale.save()

    assert open_rides(stale) == 1


def test_naming_the_count_in_a_save_leaves_it_too(stale):
    stale.open_rides = 7
    stale.save(update_fields=["open_rides"])

    assert open_rides(stale) == 1


def test_changing_the_password_during_a_ride_leaves_the_count(stale):
    """contrib.auth's forms save the whole row, which used to allow a second ride."""
    new = "another-long-word"
    form = PasswordChangeForm(stale, {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert form.is_valid(), form.errors
    form.save()

    assert open_rides(stale) == 1


def test_staff_setting_a_password_during_a_ride_leave_the_count(stale):
    new = "another-long-word"
    form = AdminPasswordChangeForm(stale, {"password1": new, "password2": new, "usable_password": "true"})
    assert form.is_valid(), form.errors
    form.save()

    assert open_rides(stale) == 1


def test_an_update_moves_the_count_only_below_its_limit():
    user = UserFactory()
    free = User.objects.filter(id=user.id, open_rides__lt=1)

    assert free.update(open_rides=F("open_rides") + 1) == 1
    assert free.update(open_rides=F("open_rides") + 1) == 0
    assert open_rides(user) == 1


def test_the_object_keeps_the_number_it_was_loaded_with(stale):
    """Not an expression, as pages compare it."""
    stale.save()

    assert stale.open_rides == 0


def test_the_statement_sets_the_column_to_itself(stale):
    with CaptureQueriesContext(connection) as captured:
        stale.save()

    assert '"open_rides" = ("users"."open_rides")' in captured.captured_queries[-1]["sql"].replace(
        '= "users"."open_rides"', '= ("users"."open_rides")'
    )


def test_a_fixture_brings_its_counts():
    user = UserFactory()
    User.objects.filter(id=user.id).update(open_rides=1)
    text = serializers.serialize("json", User.objects.filter(id=user.id))
    User.objects.filter(id=user.id).update(open_rides=0)

    for row in serializers.deserialize("json", text):
        row.save()

    assert open_rides(user) == 1


def test_no_form_offers_a_count():
    form = modelform_factory(User, fields="__all__")

    assert {"open_rides", "owned_vehicles"}.isdisjoint(form.base_fields)


def test_a_count_stays_itself_through_a_migration_file():
    field = User._meta.get_field("open_rides")
    _name, path, args, kwargs = field.deconstruct()

    assert path == "movr_project.db.counters.CounterField"
    assert kwargs.keys().isdisjoint({"default", "editable"})
    assert CounterField(*args, **kwargs).default == 0
