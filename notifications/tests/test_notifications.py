"""Notifications: on the next page until dismissed, in the list, and by e-mail."""

import re
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.personal_data import export_all
from accounts.services import move_home, remove_account
from accounts.tests.factories import NotificationFactory, UserFactory
from cities.placement.locality import OWN_HISTORY
from cities.registry import registry
from movr_project.db.retry import run_transaction
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import page
from movr_project.tests.threads import at_once
from notifications import services as notifications
from notifications.models import Notification
from notifications.services import delete_old_notifications, mark_all_read, mark_read, notify

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

LIST = "/notifications/"
READ_ALL = "/notifications/read/"
PAGE = "/rides/"  # one with a banner
SENTENCE = "Your booking was cancelled."


def read_url(notification):
    return f"/notifications/{notification.id}/read/"


def badges(page):
    """Return the numbers in the navigation, and whether each is hidden."""
    found = re.findall(r"data-unread( hidden)?><span[^>]*>(\d+)<", page.content.decode())
    return [(number, hidden.strip()) for hidden, number in found]


def telling(user, **options):
    """A service whose transaction notifies someone."""
    details = {"code": "booking_cancelled", "text": SENTENCE} | options
    return run_transaction(lambda: notify(User.objects.get(id=user.id), **details))


def unread(user):
    """Return the counter in the user's row, which must match the notifications."""
    count = User.objects.get(id=user.id).unread_notifications
    assert Notification.objects.filter(user_id=user.id).unread().count() == count
    return count


@pytest.fixture
def capture(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


class TestTelling:
    def test_a_notification_is_stored_in_the_persons_city_and_counted(self, rider):
        notify(rider, code="vehicle_off", text=SENTENCE, url="/vehicles/")
        notification = Notification.objects.get()
        assert (notification.city, notification.user, notification.code) == ("paris", rider, "vehicle_off")
        assert (notification.text, notification.url, notification.read_at) == (SENTENCE, "/vehicles/", None)
        assert unread(rider) == 1

    def test_two_are_two(self, rider):
        notify(rider, code="a", text=SENTENCE)
        notify(rider, code="a", text=SENTENCE)
        assert unread(rider) == 2

    def test_with_a_key_it_is_sent_once(self, rider):
        for _time in range(3):
            notify(rider, code="a", text=SENTENCE, key="booking-7")
        assert unread(rider) == 1

    def test_once_read_it_is_not_shown_again(self, rider):
        notify(rider, code="a", text=SENTENCE, key="booking-7")
        Notification.objects.update(read_at=timezone.now())
        User.objects.update(unread_notifications=0)
        notify(rider, code="a", text=SENTENCE, key="booking-7")
        assert unread(rider) == 0

    def test_a_replaced_one_is_new_again_and_not_stacked(self, rider):
        notify(rider, code="a", text="Two messages.", key="inbox", replace=True)
        before = Notification.objects.get()
        for times in range(2):
            notify(rider, code="a", text="Three messages.", key="inbox", replace=True)
            assert unread(rider) == 1, times
            mark_all_read(rider)
        after = Notification.objects.get()
        assert (after.id, after.text) == (before.id, "Three messages.")
        assert after.sequence > before.sequence

    def test_another_key_another_code_and_another_person_are_something_else(self, rider):
        other = UserFactory()
        for user, code, key in [(rider, "a", "b"), (rider, "a", "c"), (rider, "b", "b"), (other, "a", "b")]:
            notify(user, code=code, text=SENTENCE, key=key)
        assert unread(rider) == 3
        assert unread(other) == 1

    def test_a_rolled_back_notification_is_not_sent(self, rider, capture, mailoutbox):
        with capture(), transaction.atomic():
            notify(rider, code="a", text=SENTENCE, mail=True)
            transaction.set_rollback(True)
        assert unread(rider) == 0
        assert mailoutbox == []

    @pytest.mark.parametrize("url", ["https://evil.example/", "vehicles/", "//evil.example"])
    def test_it_points_at_a_path_of_ours(self, rider, url):
        with pytest.raises(ValueError, match="path of this site"):
            notify(rider, code="a", text=SENTENCE, url=url)

    def test_a_sentence_that_is_too_long_is_cut(self, rider):
        notify(rider, code="a", text="word " * 100)
        assert len(Notification.objects.get().text) == 300
        assert Notification.objects.get().text.endswith("…")

    @pytest.mark.parametrize("change", [{"is_active": False}, {"is_active": False, "email": None}])
    def test_a_removed_account_gets_no_notification(self, rider, capture, mailoutbox, change):
        User.objects.filter(id=rider.id).update(**change)
        with capture():
            notify(rider, code="a", text=SENTENCE, mail=True)  # as read earlier
            notify(User.objects.get(id=rider.id), code="a", text=SENTENCE, mail=True, key="b")
        assert not Notification.objects.exists()
        assert User.objects.get(id=rider.id).unread_notifications == 0
        assert mailoutbox == []

    def test_each_statement_names_the_city(self, rider):
        with assert_local():
            notify(rider, code="a", text=SENTENCE)
            notify(rider, code="a", text=SENTENCE, key="b")

    def test_it_takes_three_statements(self, rider, django_assert_num_queries):
        with django_assert_num_queries(3):
            notify(rider, code="a", text=SENTENCE)

    def test_saving_a_person_leaves_the_count(self, rider):
        notify(rider, code="a", text=SENTENCE)
        rider.first_name = "Grace"
        rider.save()
        assert unread(rider) == 1


class TestTheLanguage:
    @pytest.fixture(autouse=True)
    def _german(self, settings):
        settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]

    def test_a_lazy_sentence_is_written_in_the_persons(self):
        ada = UserFactory(language="de")
        with translation.override("en"):
            notify(ada, code="a", text=gettext_lazy("Yes"))
            assert translation.get_language() == "en"
        assert Notification.objects.get().text == "Ja"

    def test_also_one_with_something_filled_in(self):
        ada = UserFactory(language="de")
        with translation.override("en"):
            notify(ada, code="a", text=format_lazy("{answer}, {number}", answer=gettext_lazy("Yes"), number=7))
        assert Notification.objects.get().text == "Ja, 7"

    def test_without_one_it_is_that_of_the_request(self, rider):
        with translation.override("de"):
            notify(rider, code="a", text=gettext_lazy("Yes"))
        assert Notification.objects.get().text == "Ja"

    def test_so_is_the_mail(self, capture, mailoutbox):
        ada = UserFactory(language="de")
        with translation.override("en"), capture():
            notify(ada, code="a", text=gettext_lazy("Yes"), mail=True)
        assert mailoutbox[0].subject == "[MovR] Ja"
        assert '<html lang="de">' in mailoutbox[0].alternatives[0].content


class TestTheMail:
    @pytest.fixture(autouse=True)
    def _site(self, settings):
        settings.SITE_URL = "https://movr.example"

    def test_only_where_it_matters(self, rider, capture, mailoutbox):
        with capture():
            notify(rider, code="a", text=SENTENCE)
        assert mailoutbox == []

    def test_it_says_the_sentence_and_leads_to_the_page(self, rider, capture, mailoutbox):
        with capture():
            notify(rider, code="a", text="Don't go & look <there>.", url="/rides/", mail=True)
        (mail,) = mailoutbox
        assert mail.to == [rider.email]
        assert mail.subject == "[MovR] Don't go & look <there>."
        assert "Don't go & look <there>." in mail.body
        assert "https://movr.example/rides/" in mail.body
        html = mail.alternatives[0].content
        assert "Don&#x27;t go &amp; look &lt;there&gt;." in html
        assert 'href="https://movr.example/rides/"' in html

    def test_without_a_page_it_leads_to_the_notices(self, rider, capture, mailoutbox):
        with capture():
            notify(rider, code="a", text=SENTENCE, mail=True)
        assert "https://movr.example/notifications/" in mailoutbox[0].body

    def test_a_long_sentence_is_shortened_in_the_subject_only(self, rider, capture, mailoutbox):
        sentence = "Your booking was cancelled. " * 5
        with capture():
            notify(rider, code="a", text=sentence, mail=True)
        assert len(mailoutbox[0].subject) <= len("[MovR] ") + 60
        assert sentence.strip() in mailoutbox[0].body

    def test_with_a_key_it_is_sent_once(self, rider, capture, mailoutbox):
        for _time in range(2):
            with capture():
                notify(rider, code="a", text=SENTENCE, mail=True, key="b")
        assert len(mailoutbox) == 1


class TestTheBanner:
    def test_without_notifications_pages_cost_no_more(self, rider_client, rider):
        with CaptureQueriesContext(connection) as without:
            rider_client.get(PAGE)
        assert not [query for query in without if "notifications" in query["sql"].replace("unread_notifications", "")]
        NotificationFactory(user=rider)
        with CaptureQueriesContext(connection) as told, assert_local(OWN_HISTORY):
            rider_client.get(PAGE)
        assert len(told) == len(without) + 1

    def test_it_is_read_out_and_leads_to_what_it_is_about(self, rider_client, rider):
        NotificationFactory(user=rider, text="Scooter <7> is gone", url="/vehicles/")
        html = rider_client.get(PAGE).content.decode()
        assert 'class="notices" role="status"' in html
        assert '<a href="/vehicles/">Scooter &lt;7&gt; is gone</a>' in html
        assert "All notifications" not in html

    def test_three_at_most_the_newest_and_a_link_to_all(self, rider_client, rider):
        now = timezone.now()
        for hours in range(4):
            NotificationFactory(user=rider, text=f"{hours} hours ago", created_at=now - timedelta(hours=hours))
        html = rider_client.get(PAGE).content.decode()
        assert re.findall(r'notice-text">(\d hours ago)', html) == ["0 hours ago", "1 hours ago", "2 hours ago"]
        assert f'<a href="{LIST}">All notifications (4)</a>' in html

    def test_a_phone_shows_one_and_the_link(self, rider_client, rider):
        NotificationFactory.create_batch(2, user=rider)
        shown = page(rider_client.get(PAGE)).one("p", class_="notices-few")  # only wide screens hide it
        assert shown.one("a", name="All notifications (2)")["href"] == LIST

    def test_nothing_read_or_for_others(self, rider_client, rider):
        NotificationFactory(user=rider, text="was read", read_at=timezone.now())
        NotificationFactory(text="to someone else")
        NotificationFactory(user=rider, text="is new")
        html = rider_client.get(PAGE).content.decode()
        assert "is new" in html
        assert "was read" not in html
        assert "someone else" not in html

    def test_got_it_returns_to_the_page_and_the_banner_is_gone(self, rider_client, rider):
        notification = NotificationFactory(user=rider)
        html = rider_client.get(PAGE + "?page=2").content.decode()
        assert f'action="{read_url(notification)}"' in html
        target = re.search(r'name="next" value="(/rides/[^"]*)"', html)[1]
        page = rider_client.post(read_url(notification), {"next": target}, follow=True)
        assert page.redirect_chain == [("/rides/?page=2", 302)]
        assert 'class="notices"' not in page.content.decode()
        assert unread(rider) == 0

    def test_strangers_see_none(self, client):
        assert 'class="notices"' not in client.get("/").content.decode()

    def test_a_form_with_errors_has_it_too(self, rider_client, rider):
        NotificationFactory(user=rider)
        html = rider_client.post("/profile/edit/", {}).content.decode()
        assert 'class="notices"' in html

    def test_the_menu_says_how_many(self, rider_client, rider):
        assert badges(rider_client.get(PAGE)) == [("0", "hidden")] * 2, "scripts raise it"
        NotificationFactory.create_batch(2, user=rider)
        page = rider_client.get(PAGE)
        assert badges(page) == [("2", "")] * 2
        assert "2 unread notifications" in page.content.decode()


class TestTheList:
    def test_newest_first_and_only_the_users_own(self, rider_client, rider):
        now = timezone.now()
        old = NotificationFactory(user=rider, created_at=now - timedelta(days=1), read_at=now)
        new = NotificationFactory(user=rider, url="/rides/")
        NotificationFactory()
        page = rider_client.get(LIST)
        assert list(page.context["page"]) == [new, old]
        html = page.content.decode()
        assert f'action="{read_url(new)}"' in html
        assert f'action="{read_url(old)}"' not in html
        assert f'<a href="/rides/">{new.text}</a>' in html
        assert 'class="notices"' not in html, "all of it stands below"

    def test_an_empty_one_says_what_it_is_for(self, rider_client):
        html = rider_client.get(LIST).content.decode()
        assert "Nothing yet." in html
        assert READ_ALL not in html

    def test_it_has_pages_and_costs_two_statements(self, rider_client, rider, django_assert_num_queries):
        NotificationFactory.create_batch(30, user=rider)
        with django_assert_num_queries(2), assert_local():
            first = rider_client.get(LIST)
        assert len(first.context["page"]) == 25
        assert first.context["page"].has_next
        assert len(rider_client.get(LIST + "?page=2").context["page"]) == 5
        assert "nothing on this page" in rider_client.get(LIST + "?page=3").content.decode()

    def test_nobody_logged_in_is_sent_to_the_log_in(self, client):
        assert client.get(LIST).headers["Location"] == "/login/?next=/notifications/"


class TestReading:
    def test_one(self, rider_client, rider):
        notification, other = NotificationFactory.create_batch(2, user=rider)
        assert rider_client.post(read_url(notification)).headers["Location"] == LIST
        notification.refresh_from_db()
        other.refresh_from_db()
        assert notification.read_at
        assert other.is_unread
        assert unread(rider) == 1

    def test_twice_counts_once_and_keeps_the_first_time(self, rider_client, rider):
        notification, _other = NotificationFactory.create_batch(2, user=rider)
        rider_client.post(read_url(notification))
        first = Notification.objects.get(id=notification.id).read_at
        rider_client.post(read_url(notification))
        assert Notification.objects.get(id=notification.id).read_at == first
        assert unread(rider) == 1

    def test_all(self, rider_client, rider):
        NotificationFactory.create_batch(5, user=rider)
        NotificationFactory(user=rider, read_at=timezone.now())
        other = NotificationFactory()
        page = rider_client.post(READ_ALL, {"next": PAGE})
        assert page.headers["Location"] == PAGE
        assert unread(rider) == 0
        assert unread(other.user) == 1

    def test_none_is_no_error(self, rider_client, rider):
        assert rider_client.post(READ_ALL).status_code == 302
        assert unread(rider) == 0

    @pytest.mark.parametrize("city", ["paris", "rome"])
    def test_someone_elses_is_not_found_and_stays(self, rider_client, city):
        notification = NotificationFactory(user=UserFactory(city=city))
        assert rider_client.post(read_url(notification)).status_code == 404
        assert unread(notification.user) == 1

    def test_a_missing_one_is_not_found(self, rider_client):
        assert rider_client.post(f"/notifications/{uuid.uuid4()}/read/").status_code == 404
        assert rider_client.post("/notifications/7/read/").status_code == 404

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "home", ""])
    def test_it_leads_nowhere_else(self, rider_client, rider, target):
        notification = NotificationFactory(user=rider)
        assert rider_client.post(read_url(notification), {"next": target}).headers["Location"] == LIST
        assert rider_client.post(READ_ALL, {"next": target}).headers["Location"] == LIST

    def test_it_is_no_link(self, rider_client, rider):
        notification = NotificationFactory(user=rider)
        assert rider_client.get(read_url(notification)).status_code == 405
        assert rider_client.get(READ_ALL).status_code == 405
        assert unread(rider) == 1

    def test_nobody_logged_in_changes_nothing(self, client):
        notification = NotificationFactory()
        for url in (read_url(notification), READ_ALL):
            assert client.post(url).headers["Location"].startswith("/login/?next=")
        assert unread(notification.user) == 1

    def test_a_count_that_was_wrong_does_not_go_below_zero(self, rider):
        NotificationFactory.create_batch(3, user=rider)
        User.objects.update(unread_notifications=1)
        mark_all_read(rider)
        assert unread(rider) == 0

    def test_each_statement_names_the_city(self, rider):
        notification, _other = NotificationFactory.create_batch(2, user=rider)
        with assert_local():
            mark_read(rider, notification.id)
            mark_all_read(rider)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_browsers_read_the_same(self, client_of):
        rider = UserFactory()
        notification, _other = NotificationFactory.create_batch(2, user=rider)
        browsers = [client_of(rider) for _browser in range(4)]
        pages = at_once(*[lambda browser=browser: browser.post(read_url(notification)) for browser in browsers])
        assert [page.status_code for page in pages] == [302] * 4
        assert unread(rider) == 1

    def test_one_browser_reads_one_and_another_all(self):
        rider = UserFactory()
        each = NotificationFactory.create_batch(4, user=rider)
        calls = [lambda notification=notification: mark_read(rider, notification.id) for notification in each]
        assert at_once(*calls, lambda: mark_all_read(rider), lambda: mark_all_read(rider)) == [None] * 6
        assert unread(rider) == 0

    def test_ten_events_are_ten_notifications(self):
        rider = UserFactory()
        assert at_once(*[lambda: telling(rider)] * 10) == [None] * 10
        assert unread(rider) == 10

    def test_ten_times_the_same_is_one_notification(self, mailoutbox):
        rider = UserFactory()
        assert at_once(*[lambda: telling(rider, key="booking-7", mail=True)] * 10) == [None] * 10
        assert unread(rider) == 1
        assert len(mailoutbox) == 1

    def test_reading_all_during_a_new_notification(self):
        rider = UserFactory()
        NotificationFactory.create_batch(3, user=rider)
        calls = [lambda: telling(rider), lambda: mark_all_read(rider)] * 3
        assert at_once(*calls) == [None] * 6
        assert unread(rider) <= 3

    def test_a_notification_while_leaving(self):
        rider = UserFactory()
        assert at_once(lambda: telling(rider), lambda: remove_account(user=rider), lambda: telling(rider)) == [None] * 3
        assert unread(rider) == 0
        assert not Notification.objects.exists()

    def test_a_notification_while_moving(self):
        rider = UserFactory(city="paris")
        calls = [lambda: telling(rider)] * 3
        assert at_once(*calls, lambda: move_home(user=rider, city=registry["rome"])) == [None] * 4
        assert unread(rider) == 3
        assert {notification.city for notification in Notification.objects.all()} == {"rome"}

    def test_notified_again_after_a_commit_in_doubt(self):
        rider = UserFactory()
        for _attempt in range(2):
            telling(rider, key="booking-7")
        assert unread(rider) == 1


def test_someone_who_moves_takes_the_notices_along(client_of):
    rider = UserFactory(city="paris")
    notification, other = NotificationFactory.create_batch(2, user=rider)
    stays = NotificationFactory(user=UserFactory(city="paris"))
    move_home(user=rider, city=registry["rome"])
    assert {row.city for row in Notification.objects.filter(user_id=rider.id)} == {"rome"}
    assert Notification.objects.get(id=stays.id).city == "paris"
    assert unread(rider) == 2
    browser = client_of(User.objects.get(id=rider.id))
    assert other.text in browser.get(PAGE).content.decode()
    assert browser.post(read_url(notification)).status_code == 302
    assert unread(rider) == 1


def test_someone_who_leaves_leaves_none(rider):
    NotificationFactory.create_batch(2, user=rider)
    NotificationFactory(user=rider, read_at=timezone.now())
    remove_account(user=rider)
    assert unread(rider) == 0
    assert not Notification.objects.exists()


def test_a_person_downloads_their_notifications(rider):
    NotificationFactory(user=rider, text=SENTENCE, url="/rides/")
    NotificationFactory(text="Somebody else's")
    (told,) = export_all(rider)["notifications"]
    assert (told["text"], told["url"], told["read_at"]) == (SENTENCE, "/rides/", None)


class TestForgetting:
    @staticmethod
    def read(days, **options):
        return NotificationFactory(read_at=timezone.now() - timedelta(days=days), **options)

    def test_what_was_read_long_ago(self):
        long_ago = timezone.now() - timedelta(days=400)
        kept = [self.read(89), NotificationFactory(created_at=long_ago)]
        self.read(91)
        self.read(500, user=UserFactory(city="rome"))
        assert delete_old_notifications(days=90) == 2
        assert {notification.id for notification in Notification.objects.all()} == {
            notification.id for notification in kept
        }
        assert unread(kept[1].user) == 1

    def test_in_batches(self, monkeypatch):
        monkeypatch.setattr(notifications, "BATCH", 3)
        user = UserFactory()
        for _notice in range(7):
            self.read(100, user=user)
        assert delete_old_notifications(days=90) == 7
        assert not Notification.objects.exists()

    def test_each_statement_names_the_city(self):
        self.read(100)
        with assert_local():
            delete_old_notifications(days=90)

    def test_the_command_says_how_many_and_cron_can_have_it_quiet(self, settings):
        settings.NOTIFICATION_RETENTION_DAYS = 10
        self.read(11)
        self.read(9)
        out = StringIO()
        call_command("delete_old_notifications", stdout=out)
        call_command("delete_old_notifications", stdout=out, verbosity=0)
        assert out.getvalue() == "Notifications deleted: 1.\n"
