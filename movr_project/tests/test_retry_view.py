
    script.trouble = give_up
    response = client.post("/plain/")

    assert (response.status_code, response["Retry-After"]) == (503, str(RETRY_AFTER_SECONDS))
    assert b"Please try again" in response.content


def test_the_503_needs_no_database(client, script, django_assert_num_queries):
