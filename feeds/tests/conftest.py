import pytest


@pytest.fixture(autouse=True)
def on_a_server(settings):
    """Links and the contact's address contain the host, which must have a domain to be valid."""
    settings.SITE_URL, settings.SITE_HOST = "https://movr.example", "movr.example"
