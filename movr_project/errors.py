"""The base class of errors raised by business rules."""


class Refused(Exception):
    """A request that a rule forbids.

    ``str()`` is a translated message for the person. ``code`` is stable and meant for programs, such as tests and
    the API. Each app subclasses it and lists its codes.
    """

    def __init__(self, message: str, *, code: str):
        super().__init__(message)
        self.code = code
