"""`dialects.py` for the tests of this folder: in pytest's importlib mode nobody can import a sibling by its name."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def _dialects() -> ModuleType:
    spec = importlib.util.spec_from_file_location("order_dialects", Path(__file__).with_name("dialects.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DIALECTS = _dialects()


@pytest.fixture(scope="session")
def dialects() -> ModuleType:
    """The module `dialects.py`."""
    return DIALECTS


@pytest.fixture(scope="session", params=DIALECTS.DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """The name of every dialect, one after the other."""
    return request.param
