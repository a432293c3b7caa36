"""Pagination without a count."""

import pytest

from cities.models import City
from movr_project.web.pagination import LAST_PAGE, MAX_NUMBER_LENGTH, Page, page_number

LETTERS = list("abcdefg")


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("7", 7), (" 7 ", 7), ("007", 7), ("٣", 3), (str(LAST_PAGE), LAST_PAGE)],
)
def test_a_number_is_that_page(text, number):
    assert page_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0",
        "-1",
        "-" + "9" * 50,
        "1e3",
        "1.5",
        "²",
        "½",
        "x",
        "NaN",
        "inf",
        "\x00",
        "🚲",
        "1;2",
        "9" * (MAX_NUMBER_LENGTH + 1),
        "9" * 4000,
        "9" * 5000,
    ],
)
def test_anything_else_is_the_first_page(text):
    assert page_number(text) == 1


@pytest.mark.parametrize("text", [str(LAST_PAGE + 1), "9" * MAX_NUMBER_LENGTH])
def test_no_one_pages_beyond_the_last_page(text):
    assert page_number(text) == LAST_PAGE


@pytest.mark.parametrize(("number", "rows"), [(1, "abc"), (2, "def"), (3, "g"), (4, ""), (1000, "")])
def test_a_page_holds_its_rows(number, rows):
    assert list(Page.of(LETTERS, number, 3)) == list(rows)


@pytest.mark.parametrize(("number", "has_next"), [(1, True), (2, True), (3, False), (4, False)])
def test_it_knows_whether_there_are_more(number, has_next):
    assert Page.of(LETTERS, number, 3).has_next == has_next


def test_a_last_page_that_is_full_has_no_next():
    assert not Page.of(LETTERS[:6], 2, 3).has_next


@pytest.mark.parametrize(("number", "has_previous"), [(1, False), (2, True), (9, True)])
def test_it_knows_whether_there_were_some_before(number, has_previous):
    assert Page.of(LETTERS, number, 3).has_previous == has_previous


def test_it_knows_its_neighbours():
    page = Page.of(LETTERS, 2, 3)
    assert (page.previous_page_number, page.next_page_number) == (1, 3)


@pytest.mark.parametrize(("number", "rows"), [(1, 3), (3, 1), (4, 0)])
def test_its_length_is_that_of_its_rows(number, rows):
    assert len(Page.of(LETTERS, number, 3)) == rows


def test_a_list_without_rows_has_one_empty_page():
    page = Page.of([], 1, 3)
    assert (list(page), page.has_next, page.has_previous) == ([], False, False)


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 2, 3, LAST_PAGE])
def test_no_page_counts_the_rows(django_assert_num_queries, number):
    with django_assert_num_queries(1) as queries:
        Page.of(City.objects.all(), number, 4)
    assert "COUNT" not in queries[0]["sql"].upper()
