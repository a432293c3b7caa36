"""Schemathesis sends every endpoint what the OpenAPI document allows and forbids, and compares the answers with it."""

import os
from collections import defaultdict
from contextlib import contextmanager

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.generation.overrides import Override

from cities.registry import registry
from movr_project.api import limits
from movr_project.wsgi import application

from .api_table import TABLE

pytestmark = [pytest.mark.one_engine, pytest.mark.long, pytest.mark.django_db]

THOROUGH = bool(os.environ.get("THOROUGH"))
EXAMPLES = 30 if THOROUGH else 2

# All checks are on. Our rules refuse some requests that the document allows: a name that is taken (400), without the
# present ETag (412, 428), a cursor that no page had, values that contradict each other, a client's list that needs a
# city (422). So these statuses are added to those that schemathesis expects for valid requests.
REFUSED_ALTHOUGH_VALID = ["400", "412", "422", "428"]


@pytest.fixture
def schema(settings):
    settings.API_READS_PER_MINUTE = settings.API_WRITES_PER_MINUTE = 10**6
    limits.reads.clear()
    for signal in (request_started, request_finished):  # as Django's own test client does
        signal.disconnect(close_old_connections)
    made = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    made.config.analysis.constants.enabled = False
    made.config.checks.positive_data_acceptance.expected_statuses += REFUSED_ALTHOUGH_VALID
    made.config.checks.missing_required_header.expected_statuses += ["428"]  # RFC 6585's, without If-Match
    yield made
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("who", ["nobody", "rider", "client"])
def test_answers_are_as_the_document_says(api_world, schema, who):
    """Each operation is asked with made-up identifiers, and then with those of things that exist.

    Hypothesis is derandomized, so every run asks the same.
    """
    headers = api_world.headers(who) | {"Accept-Encoding": "identity"}  # the WSGI transport decodes nothing
    found = defaultdict(set)
    for result in schema.get_all_operations():
        operation = result.ok()
        for path_parameters in ({}, api_world.parameters(operation.path)):
            _ask(operation, Override(path_parameters=path_parameters), headers, found)
    assert not found, "\n".join(f"{failure}: {sorted(where)[:5]}" for failure, where in found.items())


def test_successes_are_as_the_document_says(api_world, schema, subtests):
    """Made-up bodies are hardly ever accepted, so each operation is also asked what the table of callers asks."""
    for result in schema.get_all_operations():
        operation = result.ok()
        row = TABLE[operation.definition.raw["operationId"]]
        with subtests.test(operation.label), undone():
            headers = api_world.headers(row.right) | {"Accept-Encoding": "identity"}
            headers |= {"If-Match": "*"} if row.needs_etag else {}
            body = {} if row.data(api_world) is None else {"body": row.data(api_world)}
            parameters = api_world.parameters(operation.path)
            media_type = row.content_type if body else None
            case = operation.Case(path_parameters=parameters, media_type=media_type, **body)
            response = case.call(headers=headers)
            assert response.status_code == row.success, response.content
            case.validate_response(response, headers=headers)


@contextmanager
def undone():
    savepoint = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(savepoint)
        registry.clear()


def _ask(operation, override, headers, found):
    def ask(case):
        with undone():
            response = case.call(headers=headers)
            try:
                case.validate_response(response, headers=headers)
            except FailureGroup as group:
                for failure in group.exceptions:
                    found[failure.title].add(f"{operation.label}: {failure.message[:300]}")

    modes = [HypothesisTestMode.FUZZING] + ([HypothesisTestMode.COVERAGE] if THOROUGH else [])
    quietly = settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    config = HypothesisTestConfig(project=operation.schema.config, modes=modes, settings=quietly, override=override)
    create_test(operation=operation, test_func=ask, config=config)()
