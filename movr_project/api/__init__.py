"""The root of the REST API: authentication, errors, pagination, idempotency, limits.

Each app's ``api.py`` is a router that uses these modules. Only ``mount`` imports the routers.
"""
