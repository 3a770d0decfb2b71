"""What the tests share."""

import pytest
from sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a copy of the project in which nothing has run."""
    return Sandbox(tmp_path_factory.mktemp("sandbox"))
