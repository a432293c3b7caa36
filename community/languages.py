"""The language of a post: of the site's languages the likeliest, or none if it isn't certain."""

from functools import cache
from typing import Any

from django.conf import settings

from .models import LANGUAGE_LENGTH

CERTAIN = 0.9  # probability
MIN_LETTERS = 4


def detect_language(text: str) -> str:
    """Return a language code of the site, or "" if the text is too short or could be in several languages."""
    if sum(map(str.isalpha, text)) < MIN_LETTERS:
        return ""
    language, probability = _identifier().classify(text)
    return language if probability >= CERTAIN and len(language) <= LANGUAGE_LENGTH else ""


def detectable_languages() -> list[str]:
    return [code.partition("-")[0] for code, _name in settings.LANGUAGES]


@cache
def _identifier() -> Any:
    """Return the model. It takes a tenth of a second and 20 MB, so it is loaded when first needed."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)
    identifier.set_languages(detectable_languages())
    return identifier
