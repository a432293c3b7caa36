"""The community's pages: writing, reading, searching, translating."""

import json
import re
import uuid
from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from community.models import Post, Translation
from community.search import reindex
from community.services import block, follow, publish_post
from community.translation import LibreTranslate, breaker
from movr_project.tests.api import api_client
from rides.tests.factories import OpenRideFactory, RideFactory

from .factories import MemberFactory, PostFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

ODD_QUERIES = [
    '"',
    "*",
    "a OR",
    "(",
    "-lift",
    "🛴",
    "'",
    "\\",
    "NEAR(a b)",
    "body:lift",
    "%",
    "\0",
    "& | !",
    "x" * 10_000,
]


@pytest.fixture
def anna():
    return MemberFactory(username="anna")


@pytest.fixture
def bob():
    return MemberFactory(username="bob", city="rome")


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def cursor_of(*parts: str) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


class TestPosts:
    def test_a_post_is_live_once_however_often_its_form_is_sent(self, anna, client_of):
        client = client_of(anna)
        assert "Hi, anna!" in text_of(client.get("/community/"))
        for _again in range(2):
            page = client.post("/community/", {"body": "The lift is broken", "token": "one"}, follow=True)
        assert page.redirect_chain == [("/community/", 302)]
        assert "Your post is now live!" in text_of(page)
        post = Post.objects.get()
        assert (post.body, post.language, post.city) == ("The lift is broken", "en", "paris")

    @pytest.mark.parametrize("body", ["", " ", "\u200b", "x" * 141], ids=["empty", "blank", "invisible", "too long"])
    def test_a_post_has_1_to_140_characters_that_can_be_seen(self, anna, client_of, body):
        page = client_of(anna).post("/community/", {"body": body})
        assert page.context["form"].errors["body"]
        assert not Post.objects.exists()

    def test_it_may_show_ones_own_ended_ride_without_a_position(self, anna, bob, client_of):
        ride, open_ride = RideFactory(rider=anna), OpenRideFactory(rider=anna)
        for key in (ride.pk, open_ride.pk, RideFactory(rider=bob).pk, "junk"):
            client_of(anna).post("/community/", {"body": "Nice", "ride": str(key), "token": str(key)})
        shown = Post.objects.exclude(ride_type="")
        assert [(post.ride_type, post.ride_length, post.ride_city) for post in shown] == [
            (ride.vehicle.type, ride.length, "paris")
        ]
        assert "Scooter, 10:00, Paris" in text_of(client_of(bob).get("/community/explore/"))

    def test_a_new_account_writes_less_often_and_its_links_are_text(self, client_of):
        new = MemberFactory(date_joined=timezone.now())
        client = client_of(new)
        for number in range(6):
            page = client.post("/community/", {"body": f"See https://spam.example {number}", "token": str(number)})
        assert page.status_code == 429
        assert "https://spam.example 4" in text_of(client.get("/community/"))
        assert 'href="https://spam.example"' not in text_of(client.get("/community/"))
        User.objects.filter(id=new.id).update(date_joined=timezone.now() - timedelta(days=2))
        assert 'href="https://spam.example" rel="nofollow"' in text_of(client.get("/community/"))

    def test_listed_words_are_refused(self, anna, client_of, settings, tmp_path):
        (tmp_path / "en.txt").write_text("Scumbag\n")
        settings.COMMUNITY_WORD_LISTS = str(tmp_path)
        page = client_of(anna).post("/community/", {"body": "You SCUMBAG!"})
        assert page.context["form"].errors["body"] == ["This contains a word that isn't allowed here."]
        client_of(anna).post("/community/", {"body": "You scumbags!"})
        assert Post.objects.count() == 1

    def test_the_words_of_a_language_are_refused_in_texts_that_may_be_in_it(self, anna, client_of, settings, tmp_path):
        for name, word in (("en", "once"), ("es", "lift"), ("fr", "casse"), ("names", "acme")):
            (tmp_path / f"{name}.txt").write_text(word)
        settings.COMMUNITY_WORD_LISTS = str(tmp_path)
        refused = [
            "The lift is broken again, only once a year",
            "El ascensor lift está roto en la estación",
            "once",  # of no certain language
            "The lift is casse at the station again",  # French isn't detected on this site
            "The lift by Acme is broken again",
        ]
        for number, body in enumerate(refused):
            page = client_of(anna).post("/community/", {"body": body, "token": str(number)})
            assert page.context["form"].errors.get("body"), body
        for body in ("The lift is broken again at the station", "Son once estaciones y ningún ascensor funciona"):
            client_of(anna).post("/community/", {"body": body, "token": body})
        assert Post.objects.count() == 2

    def test_text_is_never_read_as_html(self, anna, client_of):
        PostFactory(author=anna, body='<script>alert(1)</script> http://a.example/"><b>')
        page = client_of(anna).get("/community/").content.decode()
        assert "<script>alert" not in page
        assert "<b>" not in page

    def test_only_its_author_deletes_a_post(self, anna, bob, client_of):
        post = PostFactory(author=anna)
        url = f"{post.get_absolute_url()}delete/"
        assert client_of(bob).post(url).status_code == 404
        assert client_of(anna).get(url).status_code == 200
        assert "Your post has been deleted." in text_of(client_of(anna).post(url, follow=True))
        assert not Post.objects.exists()


class TestLists:
    def test_25_posts_to_a_page_in_order_and_the_ends_are_disabled(
        self, anna, bob, client_of, django_assert_max_num_queries
    ):
        now = timezone.now()
        follow(follower=bob, followed=anna)
        for number in range(51):
            PostFactory(author=anna, body=f"post {number}", created_at=now - timedelta(minutes=number))
        client = client_of(bob)
        client.get("/community/")  # what is kept in memory is loaded
        url, seen = "/community/", []
        for older in ("disabled", "", ""):
            with django_assert_max_num_queries(3):
                page = client.get(url)
            keyset = page.context["page"]
            seen += [entry.post.body for entry in keyset]
            assert ('disabled"' in text_of(page)) == (older == "disabled" or not keyset.next)
            url = f"/community/?cursor={keyset.next}"
        assert seen == [f"post {number}" for number in range(51)]
        back = client.get(f"/community/?cursor={keyset.previous}").context["page"]
        assert [entry.post.body for entry in back] == [f"post {number}" for number in range(25, 50)]
        assert client.get("/community/?cursor=junk").status_code == 200

    def test_explore_shows_everybody_or_the_city(self, anna, bob, client_of, django_assert_max_num_queries):
        PostFactory(author=anna, body="from Paris")
        PostFactory(author=bob, body="from Rome")
        client = client_of(anna)
        client.get("/community/explore/")
        with django_assert_max_num_queries(3):
            everywhere = text_of(client.get("/community/explore/"))
        assert everywhere.index("from Rome") < everywhere.index("from Paris")
        assert "from Rome" not in text_of(client.get("/community/explore/?in=city"))

    def test_a_persons_page_shows_posts_and_offers_what_the_reader_can_do(self, anna, bob, client_of):
        PostFactory(author=anna, body="from Paris")
        page = text_of(client_of(bob).get("/users/anna/"))
        for words in ("from Paris", "0 followers", "Follow", "Send private message", "Block"):
            assert words in page
        for url, sentence in (
            ("/users/anna/follow/", "You are following anna!"),
            ("/users/anna/unfollow/", "You are not following anna."),
            ("/users/nobody/follow/", "User nobody not found."),
        ):
            assert sentence in text_of(client_of(bob).post(url, follow=True))

    def test_the_card_of_someone_who_blocks_the_reader_is_not_found(self, anna, bob, client_of):
        assert "@anna" in text_of(client_of(bob).get("/users/anna/card/", headers={"HX-Request": "true"}))
        block(blocker=anna, blocked=bob)
        for url in ("/users/anna/card/", "/messages/anna/", "/users/anna/followers/"):
            assert client_of(bob).get(url).status_code == 404
        assert "Unblock" in text_of(client_of(anna).get("/community/blocked/"))
        again = client_of(anna).post("/users/bob/block/", follow=True)
        assert again.redirect_chain == [("/community/blocked/", 302)]
        assert "not found" not in again.content.decode()
        for _time in range(2):
            assert client_of(anna).post("/users/bob/unblock/").url == "/community/blocked/"
        assert client_of(bob).get("/users/anna/card/").headers["Location"] == "/users/anna/"

    def test_two_people_find_nothing_of_each_other_after_a_block(self, anna, client_of):
        bob, follower = MemberFactory(username="bob"), MemberFactory(username="carl")
        follow(follower=follower, followed=anna)
        follow(follower=follower, followed=bob)
        page = text_of(client_of(anna).post("/users/bob/block/", follow=True))
        assert "You have blocked bob." in page
        assert "Unblock" in page
        for reader, other in ((bob, anna), (anna, bob)):
            client, api = client_of(reader), api_client(reader)
            paths = [f"/users/{other.username}/", f"/users/{other.username}/following/"]
            assert [client.get(path).status_code for path in paths] == [404] * 2
            path = f"/api/v1/users/{other.id}"
            paths = [path, f"{path}/followers", f"{path}/following", f"{path}/followed", f"{path}/posts"]
            assert [api.get(path).status_code for path in paths] == [404] * 5
            everyone = {reader.username, "carl"}
            assert {person.username for person in client.get("/users/").context["page"]} == everyone
            assert {person["username"] for person in api.get("/api/v1/users").json()["items"]} == everyone


class TestSearch:
    def test_posts_and_people_are_found_the_most_relevant_first(
        self, anna, bob, client_of, django_assert_max_num_queries
    ):
        PostFactory(author=anna, body="Lost a glove, a red glove: the glove of my son")
        PostFactory(author=bob, body="A glove was found at the museum by a guard")
        PostFactory(author=bob, body="Nice ride")
        client = client_of(bob)
        client.get("/search/", {"q": "glove"})
        with django_assert_max_num_queries(3):
            page = text_of(client.get("/search/", {"q": "glove"}))
        assert page.index("Lost a") < page.index("A glove was")
        assert "Nice ride" not in page
        assert "@anna" in text_of(client.get("/search/", {"q": "ann"}))

    def test_results_have_pages_that_a_better_match_does_not_shift(
        self, anna, bob, client_of, django_assert_max_num_queries
    ):
        now = timezone.now()
        for number in range(51):
            body = f"Lift {number}: lift" if number % 2 else f"Lift {number}"
            PostFactory(author=anna, body=body, created_at=now - timedelta(minutes=number))
        client, pages = client_of(bob), []
        client.get("/search/", {"q": "lift"})  # what is kept in memory is loaded
        url = "/search/?q=lift"
        for ends in (["Previous"], [], ["Next"]):
            with django_assert_max_num_queries(3):
                page = client.get(url)
            assert re.findall(r'disabled">(?:<svg.*?</svg>)?(\w+) results', text_of(page)) == ends
            pages.append(page.context["page"])
            url = f"/search/?q=lift&cursor={pages[-1].next}"
            PostFactory(author=anna, body="Lift, lift, lift")
        bodies = [[post.body for post in page] for page in pages]
        assert bodies[0] == [f"Lift {number}: lift" for number in range(1, 51, 2)]
        assert bodies[1] + bodies[2] == [f"Lift {number}" for number in range(0, 51, 2)]
        back = client.get(f"/search/?q=lift&cursor={pages[1].previous}").context["page"]
        assert [post.body for post in back] == bodies[0]

    def test_a_cursor_from_nowhere_shows_the_first_page(self, anna, client_of):
        PostFactory(author=anna, body="The lift")
        moment, id_ = timezone.now().isoformat(), str(uuid.uuid4())
        ranks = ("nan", "inf", "1e999", "one", "")
        for cursor in ["junk", *(cursor_of(">", rank, moment, id_) for rank in ranks)]:
            assert "The lift" in text_of(client_of(anna).get("/search/", {"q": "lift", "cursor": cursor})), cursor
        beyond = client_of(anna).get("/search/", {"q": "lift", "cursor": cursor_of(">", "-1", moment, id_)})
        assert "There is nothing on this page." in text_of(beyond)

    def test_nothing_to_search_for_leads_to_explore(self, anna, client_of):
        assert client_of(anna).get("/search/?q=+").headers["Location"] == "/community/explore/"

    def test_whatever_is_typed_finds_something_or_nothing(self, anna, client_of):
        PostFactory(author=anna)
        for query in ODD_QUERIES:
            assert client_of(anna).get("/search/", {"q": query}).status_code in {200, 302}, query

    def test_a_post_is_found_in_its_own_language_at_once_and_after_reindexing(self, anna, client_of):
        publish_post(author=anna, body="Los ascensores están rotos en la estación", token="one")
        for _again in range(2):
            assert "ascensores" in text_of(client_of(anna).get("/search/", {"q": "ascensores rotos"}))
            assert reindex() == 1


class FakeTranslator:
    def __init__(self, *answers):
        self.answers = list(answers)

    def translate(self, text, source, target):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class TestTranslations:
    @pytest.fixture(autouse=True)
    def service(self, settings, monkeypatch):
        settings.TRANSLATE_URL = "https://translate.example/translate"
        monkeypatch.setattr(breaker, "_failures", 0)
        monkeypatch.setattr(breaker, "_open_until", 0.0)

    def answering(self, monkeypatch, *answers):
        fake = FakeTranslator(*answers)
        monkeypatch.setattr(LibreTranslate, "translate", lambda self, *args: fake.translate(*args))

    def test_it_is_offered_where_the_languages_differ_and_asked_for_once(self, anna, bob, client_of, monkeypatch):
        PostFactory(author=anna, body="The lift is broken", language="en")
        post = PostFactory(author=anna, body="El ascensor está roto", language="es")
        self.answering(monkeypatch, "The lift is broken")
        client = client_of(bob)
        assert client.get("/community/explore/").content.decode().count("data-translate=") == 1
        for _again in range(2):
            answer = client.post("/translate/", {"post": str(post.pk)})
            assert answer.json() == {"text": "The lift is broken", "note": "Translated by a machine"}
        assert Translation.objects.count() == 1

    def test_a_service_that_fails_is_left_alone_for_a_while(self, anna, client_of, monkeypatch):
        post = PostFactory(author=anna, language="es")
        self.answering(monkeypatch, TimeoutError(), ValueError(), OSError())
        for _again in range(5):  # the fake has three answers
            answer = client_of(anna).post("/translate/", {"post": str(post.pk)})
            assert (answer.status_code, answer.json()["error"]) == (503, "Error: Could not contact server.")

    def test_posts_that_one_may_not_read_are_not_translated(self, anna, bob, client_of):
        post = PostFactory(author=anna, language="es")
        block(blocker=anna, blocked=bob)
        for key in (str(post.pk), "junk", "", "x" * 5000):
            assert client_of(bob).post("/translate/", {"post": key}).status_code == 404

    def test_without_a_service_nothing_is_offered(self, anna, client_of, settings):
        settings.TRANSLATE_URL = ""
        post = PostFactory(author=anna, language="es")
        assert "data-translate" not in client_of(anna).get("/community/").content.decode()
        answer = client_of(anna).post("/translate/", {"post": str(post.pk)})
        assert (answer.status_code, answer.json()["error"]) == (
            501,
            "Error: the translation service is not configured.",
        )
