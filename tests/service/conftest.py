"""One service for all tests that leave it as they found it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.service.running import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with stub jobs, two workers and room for everything."""
    folder = tmp_path_factory.mktemp("service")
    options: dict[str, Any] = {
        "max_queued": 10_000,
        "max_per_client": 10_000,
        "header_s": 1.5,
        "body_s": 1.5,
        "heartbeat_s": 0.3,
    }
    with Service(folder, **options) as running:
        yield running
