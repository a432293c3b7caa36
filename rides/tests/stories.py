"""What the tests of made-up stories share: an act is done, or refused with a code that is written down."""

from hypothesis.stateful import multiple

from movr_project.errors import Refused


def outcome(action, *args):
    """What an act returns, or its refusal."""
    try:
        return action(*args)
    except Refused as refused:
        return refused


def accept(codes, action, result):
    """The result, or None where it is a refusal for which ``codes`` has the act's name. Anything else is raised."""
    if not isinstance(result, Exception):
        return result
    if not isinstance(result, Refused):
        raise result
    assert result.code in codes[action.__name__], f"{action.__name__} refuses with {result.code}"
    assert str(result)
    return None


def some(*results):
    """For a bundle: those that there are."""
    return multiple(*(result for result in results if result is not None))
