"""Reports, decisions with their reasons, and objections."""

import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import StaffFactory
from community.models import Decision, Follow, Ground, Measure, Message, Outcome, Post, Reason, Report
from community.services import follow, publish_post, send_message
from community.services.moderation import Item, decide, decide_objection, object_to, report_item
from movr_project.tests.threads import at_once, behind
from notifications.models import Notification
from operations.tests.consistency import contradictions

from .factories import CommunityReportFactory, DecisionFactory, MemberFactory, PostFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return MemberFactory(username="anna")


@pytest.fixture
def bob():
    return MemberFactory(username="bob", city="rome")


@pytest.fixture
def support():
    staff = StaffFactory(is_superuser=False)
    staff.groups.add(Group.objects.get(name="Support"))
    return staff


@pytest.fixture
def decide_in_admin(client_of, support):
    """Take a decision on the admin's list of a model, about one row."""

    def act(row, action, **data):
        form = {"ground": "terms", "reasons": "We don't allow advertising.", "token": "one form", "confirmed": "yes"}
        form |= {"action": action, "_selected_action": str(row.pk)} | data
        url = f"/admin/community/{row._meta.model_name}/"
        return client_of(support).post(url, form, follow=True)

    return act


def take_decision(thing, staff, measure, decide=decide, **kwargs):
    reasons = {"ground": Ground.TERMS, "reasons": "We don't allow advertising."}
    return decide(item=Item.of(thing), measure=measure, **reasons, by=staff, decision_id=uuid.uuid4(), **kwargs)


def reverse(decision, staff):
    outcome = {"outcome": Outcome.REVERSED, "reasons": "We agree."}
    decide_objection(city=decision.city, decision_id=decision.id, **outcome, by=staff)


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def notified(person) -> list[str]:
    return sorted(Notification.objects.filter(user_id=person.id).values_list("code", flat=True))


def test_a_report_is_sent_once_and_staff_of_the_city_find_it(anna, bob, client_of, support):
    post = PostFactory(author=anna, body="Buy my scooters")
    for _again in range(2):
        client_of(bob).post(f"{post.get_absolute_url()}report/", {"reason": "spam", "details": "Again!"})
    report = Report.objects.get()
    assert (report.city, report.person_id, report.reporter_id) == ("paris", anna.id, bob.id)
    queue = client_of(support).get("/admin/community/report/?city=paris&open=yes")
    assert "Buy my scooters" in text_of(queue)
    assert "Buy my scooters" not in text_of(client_of(support).get("/admin/community/report/?city=rome&open=yes"))


def test_a_hidden_post_is_seen_by_its_author_alone_with_the_reasons(anna, bob, client_of, decide_in_admin, support):
    post = PostFactory(author=anna, body="Buy my scooters")
    report = CommunityReportFactory(post=post, reporter=bob)
    for _again in range(2):  # sent twice
        decide_in_admin(report, "hide")
    decision = Decision.objects.get()
    assert "Buy my scooters" not in text_of(client_of(bob).get("/community/explore/"))
    assert "Hidden by our staff" in text_of(client_of(anna).get("/community/explore/"))
    statement = text_of(client_of(anna).get(decision.get_absolute_url()))
    assert "We don&#x27;t allow advertising." in statement
    assert "Someone reported it." in statement
    assert client_of(bob).get(decision.get_absolute_url()).status_code == 404
    assert (notified(anna), notified(bob)) == (["decision"], ["community_report_closed"])
    assert not Report.objects.open().exists()
    logged = LogEntry.objects.filter(user=support).values_list("change_message", flat=True)
    assert "Hidden. We don't allow advertising." in list(logged)


def test_an_objection_that_is_accepted_brings_the_post_back(anna, bob, client_of, decide_in_admin):
    decide_in_admin(CommunityReportFactory(post=PostFactory(author=anna, body="Hello"), reporter=bob), "hide")
    decision = Decision.objects.get()
    url = decision.get_absolute_url()
    for text in ("It is a joke.", "It is a joke.", "Something else"):
        page = client_of(anna).post(url, {"text": text}, follow=True)
    assert "You have already objected" in text_of(page)
    assert client_of(bob).post(url, {"text": "No"}).status_code == 404
    outcome = {"outcome": "reversed", "reasons": "We agree."}
    decide_in_admin(decision, "decide_objections", **outcome)
    assert "Hello" in text_of(client_of(bob).get("/community/explore/"))
    assert "We agree." in text_of(client_of(anna).get(url))
    assert "There is no open objection" in text_of(decide_in_admin(decision, "decide_objections", **outcome))


def test_a_deleted_message_leaves_the_inbox_and_the_badge(anna, bob, client_of, decide_in_admin):
    message = send_message(sender=anna, recipient=bob, body="Buy my scooters", token="one")
    client_of(bob).post(f"/messages/rome/{message.id}/report/", {"reason": "spam"})
    decide_in_admin(Report.objects.get(), "delete")
    assert not Message.objects.exists()
    assert User.objects.get(id=bob.id).unread_messages == 0
    assert "Buy my scooters" in text_of(client_of(anna).get(Decision.objects.get().get_absolute_url()))
    assert contradictions() == []


def test_a_silenced_person_writes_nothing_and_is_not_read_until_it_ends(anna, bob, client_of, decide_in_admin):
    PostFactory(author=anna, body="Hello")
    client_of(bob).post("/users/anna/report/", {"reason": "harassment"})
    decide_in_admin(Report.objects.get(), "silence", days="3")
    page = client_of(anna).post("/community/", {"body": "Hello again"})
    assert page.status_code == 409
    assert "You can&#x27;t write anything until" in text_of(page)
    assert client_of(anna).post("/messages/bob/", {"body": "Hello"}).status_code == 409
    assert "Hello" not in text_of(client_of(bob).get("/users/anna/"))
    User.objects.filter(id=anna.id).update(silenced_until=timezone.now() - timedelta(seconds=1))
    assert "Hello" in text_of(client_of(bob).get("/users/anna/"))
    publish_post(author=User.objects.get(id=anna.id), body="Hello again", token="two")


def test_a_report_without_grounds_is_closed_and_its_sender_told(anna, bob, decide_in_admin):
    decide_in_admin(CommunityReportFactory(post=PostFactory(author=anna), reporter=bob), "dismiss")
    assert notified(bob) == ["community_report_closed"]
    assert not Decision.objects.exists()


def test_the_longest_silence_that_stands_counts(anna, support):
    def silenced_until():
        return User.objects.get(id=anna.id).silenced_until

    long, short = (take_decision(anna, support, Measure.SILENCE, days=days) for days in (365, 1))
    assert silenced_until() == long.until
    for reversed_, left in ((short, long.until), (long, None)):
        object_to(person=anna, decision_id=reversed_.id, text="It is a joke.")
        reverse(reversed_, support)
        assert silenced_until() == left


def test_what_happens_after_staff_closed_a_report_can_be_reported_again(anna, bob, client_of, decide_in_admin):
    def report(**data):
        return client_of(bob).post("/users/anna/report/", data)

    report(reason="spam")
    decide_in_admin(Report.objects.get(), "dismiss")
    for _again in range(2):
        report(reason="violence", details="She threatens me.")
    assert Report.objects.count() == 2
    later = Report.objects.open().get()
    assert (later.reason, later.details) == ("violence", "She threatens me.")
    decide_in_admin(later, "warn")
    assert notified(bob) == ["community_report_closed"] * 2


def test_only_superusers_decide_about_staff(decide_in_admin):
    colleague = MemberFactory(is_staff=True)
    page = decide_in_admin(CommunityReportFactory(post=PostFactory(author=colleague)), "hide")
    assert "Only superusers can do this for staff" in text_of(page)
    assert not Decision.objects.exists()


def test_private_messages_are_not_in_the_admin_unless_reported(anna, bob, client_of, support):
    send_message(sender=anna, recipient=bob, body="Between us", token="one")
    assert "community/message" not in text_of(client_of(support).get("/admin/"))
    assert "Between us" not in text_of(client_of(support).get("/admin/community/report/"))


def test_an_objection_needs_words(anna, client_of):
    decision = DecisionFactory(person=anna)
    assert client_of(anna).post(decision.get_absolute_url(), {"text": " "}).context["form"].errors["text"]


@pytest.mark.django_db(transaction=True)
def test_no_post_is_missed_by_who_begins_to_follow_at_the_same_moment():
    author, readers = MemberFactory(), MemberFactory.create_batch(3)
    calls = [partial(follow, follower=reader, followed=author) for reader in readers]
    calls += [partial(publish_post, author=author, body=f"post {n}", token=str(n)) for n in range(3)]
    assert [result for result in at_once(*calls) if isinstance(result, Exception)] == []
    assert (Post.objects.count(), Follow.objects.count()) == (3, 3)
    assert all(reader.feed_entries.count() == 3 for reader in readers)
    assert contradictions() == []


@pytest.mark.django_db(transaction=True)
def test_people_who_report_something_several_times_at_once_have_one_open_report_each(anna, bob):
    item, people = Item.of(anna), [bob, MemberFactory()]
    for closed in range(2):
        calls = [partial(report_item, reporter=person, item=item, reason=Reason.SPAM) for person in people * 3]
        assert [result for result in at_once(*calls) if isinstance(result, Exception)] == []
        assert (Report.objects.open().count(), Report.objects.count()) == (2, 2 + 2 * closed)
        Report.objects.update(closed_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_post_stays_hidden_if_it_is_hidden_again_while_the_first_decision_is_reversed(anna):
    post, staff = PostFactory(author=anna), StaffFactory()
    first = take_decision(post, staff, Measure.HIDE)
    object_to(person=anna, decision_id=first.id, text="It is a joke.")
    behind(
        lambda: take_decision(post, staff, Measure.HIDE, decide=decide.__wrapped__),
        lambda: reverse(first, staff),
    )
    again = Decision.objects.get(outcome="")
    assert Post.objects.get().hidden_at == again.created_at
    object_to(person=anna, decision_id=again.id, text="It is a joke.")
    reverse(again, staff)
    assert not Post.objects.get().is_hidden
