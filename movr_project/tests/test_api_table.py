"""Every operation of the API, for every kind of caller, against the table of ``api_table``.

Operations come from the API itself, so a new one without a row fails.
"""

import pytest
from django.db import transaction

from movr_project.api import limits
from movr_project.api.documentation import document
from movr_project.api.mount import api

from .api_table import CALLERS, TABLE, Row

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]


def operations():
    paths = document(api)["paths"].items()
    return {one["operationId"]: (method, path) for path, methods in paths for method, one in methods.items()}


def scopes_of():
    bound = (view for router in api._get_bound_routers() for view in router.path_operations.values())
    return {
        operation.view_func.__name__: {name for auth in operation.auth_callbacks for name in getattr(auth, "names", ())}
        for view in bound
        for operation in view.operations
    }


def test_every_operation_has_its_row():
    assert set(operations()) == set(TABLE)


def test_an_operation_answers_as_the_table_says(api_world, subtests):
    scopes = scopes_of()
    for name, (method, path) in operations().items():
        for who in CALLERS:
            with subtests.test(f"{name}, {who}"):
                savepoint = transaction.savepoint()
                try:
                    answer = ask(api_world, TABLE[name], who, method, api_world.fill(path), scopes[name])
                    assert answer.status_code == TABLE[name].expected(who), answer.content
                finally:
                    transaction.savepoint_rollback(savepoint)


def ask(world, row: Row, who: str, method: str, url: str, scopes: set[str]):
    headers = {"If-Match": world.clients[row.right].get(url)["ETag"]} if row.needs_etag else {}
    limits.reads.clear()
    client = world.caller(who, row, scopes)
    if method in ("get", "delete"):
        return getattr(client, method)(url)
    return getattr(client, method)(url, row.data(world) or {}, row.content_type, headers=headers)
