"""Tokens on the profile and in the admin, organisations' clients, and what is kept of them."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.api_access.models import ApiClient, ApiToken
from accounts.personal_data import export_all
from accounts.tests.factories import ApiTokenFactory, StaffFactory, UserFactory
from movr_project.tests.api import JsonClient, api_client, organisations_client

pytestmark = pytest.mark.any_engine

CURRENT = "/api/v1/tokens/current"


@pytest.fixture
def admin_client_of_staff(client_of, settings):
    settings.STAFF_SECOND_FACTOR = False
    return client_of(StaffFactory())


def test_a_person_sees_and_revokes_own_tokens(rider_client, rider):
    token, other = ApiTokenFactory(user=rider, name="<phone>"), ApiTokenFactory()
    for ended in ({"revoked_at": timezone.now()}, {"expires_at": timezone.now()}, {"epoch": "earlier"}):
        ApiTokenFactory(user=rider, name="ended", **ended)
    page = rider_client.get(reverse("accounts:token_list")).content.decode()
    assert "&lt;phone&gt;" in page
    assert "ended" not in page
    assert "Start, end and list rides" in page
    revoke = reverse("accounts:token_revoke", args=[token.id])
    assert rider_client.get(revoke).status_code == 405
    assert rider_client.post(reverse("accounts:token_revoke", args=[other.id])).status_code == 404
    page = rider_client.post(revoke, follow=True).content.decode()
    assert "The token has been revoked." in page
    assert "No app has access to your account." in page
    assert ApiToken.objects.get(id=token.id).revoked_at is not None
    assert rider_client.post(revoke).status_code == 404
    assert ApiToken.objects.get(id=other.id).revoked_at is None


def test_staff_revoke_a_token(admin_client_of_staff, rider):
    client = api_client(rider)
    token = ApiToken.objects.get()
    url = reverse("admin:accounts_apitoken_changelist")
    page = admin_client_of_staff.post(url, {"action": "revoke", "_selected_action": str(token.pk)})
    assert "Revoke this token?" in page.content.decode()
    assert client.get(CURRENT).status_code == 200
    data = {"action": "revoke", "_selected_action": str(token.pk), "confirmed": "yes"}
    page = admin_client_of_staff.post(url, data, follow=True)
    assert "Tokens revoked: 1." in page.content.decode()
    assert client.get(CURRENT).status_code == 401


def test_a_clients_credential_is_shown_once(admin_client_of_staff):
    data = {"name": "City planner", "scopes": ["fleet:read"], "cities": ["paris", "rome"], "is_active": "on"}
    page = admin_client_of_staff.post(reverse("admin:accounts_apiclient_add"), data)
    assert "no-store" in page["Cache-Control"]
    (secret,) = re.findall(r"movr_c_[\w-]{43}", page.content.decode())
    row = ApiClient.objects.get()
    assert (row.scopes, row.cities) == (["fleet:read"], ["paris", "rome"])
    assert secret.startswith(row.prefix)
    change = reverse("admin:accounts_apiclient_change", args=[row.pk])
    assert secret not in admin_client_of_staff.get(change).content.decode()
    client = JsonClient(headers={"Authorization": f"Bearer {secret}"})
    assert client.get("/api/v1/users").json()["code"] == "people_only"
    assert client.get("/api/v1/cities").status_code == 200
    assert admin_client_of_staff.post(change, data | {"is_active": ""}).status_code == 302
    assert client.get("/api/v1/users").json()["code"] == "invalid_token"
    assert ApiClient.objects.get().sha256 == row.sha256


def test_what_a_client_may_be_given(admin_client_of_staff, subtests):
    good = {"name": "X", "scopes": ["fleet:read"], "cities": ["paris"]}
    for change in ({"scopes": ["profile"]}, {"scopes": []}, {"cities": ["atlantis"]}, {"cities": []}, {"name": ""}):
        with subtests.test(**change):
            page = admin_client_of_staff.post(reverse("admin:accounts_apiclient_add"), good | change)
            assert "errorlist" in page.content.decode()
    assert not ApiClient.objects.exists()


def test_a_clients_use_is_noted(db):
    organisations_client(["paris"]).get("/api/v1/users")
    assert ApiClient.objects.get().last_used_at is None  # it was refused


def test_the_export_lists_tokens_without_their_hashes(rider):
    token = ApiTokenFactory(user=rider)
    (exported,) = export_all(rider)["API tokens"]
    assert (exported["name"], exported["scopes"]) == ("phone", token.scopes)
    assert token.sha256 not in str(exported)
    assert "epoch" not in exported


def test_old_tokens_are_deleted(rider):
    ApiTokenFactory(user=rider, expires_at=timezone.now() - timedelta(days=31))
    kept = ApiTokenFactory(user=rider, expires_at=timezone.now() - timedelta(days=29))
    out = StringIO()
    call_command("delete_expired_tokens", stdout=out)
    call_command("delete_expired_tokens", stdout=out, verbosity=0)
    assert out.getvalue() == "Tokens deleted: 1. Answers deleted: 0.\n"
    assert ApiToken.objects.get() == kept


def test_a_token_belongs_to_its_person(db):
    ada, grace = UserFactory(), UserFactory()
    assert api_client(ada).get("/api/v1/profile").json()["id"] == str(ada.id)
    assert api_client(grace).get("/api/v1/profile").json()["id"] == str(grace.id)
