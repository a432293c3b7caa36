"""Every kind of refusal, and the codes that its docstring lists."""

import re
from collections.abc import Iterator

import movr_project.urls  # noqa: F401  (loads the modules that define refusals)
from movr_project.errors import Refused


def subclasses(cls: type[Refused]) -> Iterator[type[Refused]]:
    for subclass in cls.__subclasses__():
        if "tests" not in subclass.__module__.split("."):
            yield subclass
        yield from subclasses(subclass)


REFUSALS = {cls.__name__: cls for cls in subclasses(Refused)}


def listed_codes(cls: type[Refused]) -> set[str]:
    """Return the codes in a docstring: words in double backticks, except class names and attributes."""
    docstring = re.sub(r"``[A-Z]\w*``", "", cls.__doc__ or "")
    codes, _rest, _attributes = docstring.partition("The attribute")
    return set(re.findall(r"``(\w+)``", codes))
