"""How a rule says no."""


class Refused(Exception):
    """A person's request that a rule forbids.

    ``str()`` is a sentence for the person, already translated; ``code`` is stable and for programs: tests
    and the API compare it. Each app subclasses it and lists its codes.
    """

    def __init__(self, message: str, *, code: str):
        super().__init__(message)
        self.code = code
