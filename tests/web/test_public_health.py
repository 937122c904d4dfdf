"""A supervisor learns whether the process lives, and whether it can work."""

import pytest


def test_the_process_says_that_it_lives_without_asking_the_database(client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
@pytest.mark.database
def test_with_database_tables_and_queue_the_process_is_ready(client, valkey_socket):
    response = client.get("/readyz")
    assert response.json() == {"ready": True, "checks": {"database": "ok", "migrations": "ok", "queue": "ok"}}
    assert response.status_code == 200


@pytest.mark.django_db
@pytest.mark.database
def test_without_the_queue_the_process_is_not_ready_and_says_why_without_naming_the_server(client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nothing.sock?db=0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["queue"] == "the queue does not answer"
    assert str(tmp_path) not in response.text
