from django.urls import register_converter


class UsernameConverter:
    """``<username:username>`` in a URL. An invalid username is a 404 without a database query."""

    regex = "[a-zA-Z0-9_.-]{3,64}"

    def to_python(self, value: str) -> str:
        return value.lower()

    def to_url(self, value: str) -> str:
        return value


register_converter(UsernameConverter, "username")
