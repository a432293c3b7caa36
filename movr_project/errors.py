"""The base classes of errors raised by business rules and by effects outside the database."""


class Refused(Exception):
    """A request that a rule forbids.

    ``str()`` is a translated message for the person. ``code`` is stable and meant for programs, such as tests and
    the API. Each app subclasses it and lists its codes.
    """

    def __init__(self, message: str, *, code: str):
        super().__init__(message)
        self.code = code


class OutcomeUncertain(Exception):
    """An effect outside the database, such as an e-mail, may or may not have happened. Don't repeat it.

    Contains only the error's type.
    """


class TemporaryFailure(Exception):
    """An effect outside the database did not happen, and may succeed later. Contains only the error's type."""
