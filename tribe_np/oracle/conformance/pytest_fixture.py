"""A plug-in of pytest: the fixture `assert_conforms`. It imports nothing of NumPy until a test asks for it."""

from typing import Any

from tribe_np.optional import require

pytest = require("pytest", why="the fixture assert_conforms", install="pip install pytest")


def _assert_conforms() -> Any:
    """Holds another implementation against a kit: assert_conforms("encoder", my_callable)."""
    from tribe_np.oracle.conformance.conforming import assert_conforms

    return assert_conforms


conforms_fixture = pytest.fixture(_assert_conforms, name="assert_conforms")
