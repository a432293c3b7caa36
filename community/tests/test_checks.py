"""The system checks of the community's settings."""

import pytest
from django.core.checks import run_checks

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("\ufeffidiot\n".encode(), []),
        (b"idiot\nf-word\n", ["movr.W012"]),
        ("imbécil\n".encode("latin-1"), ["movr.E012"]),
    ],
)
def test_lists_of_words_that_have_no_effect_are_told(settings, tmp_path, content, found):
    (tmp_path / "en.txt").write_bytes(content)
    settings.COMMUNITY_WORD_LISTS = str(tmp_path)
    assert [check.id for check in run_checks()] == found


def test_a_folder_of_lists_that_is_missing_is_told(settings, tmp_path):
    settings.COMMUNITY_WORD_LISTS = str(tmp_path / "missing")
    assert [check.id for check in run_checks()] == ["movr.E011"]
