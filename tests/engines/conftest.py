"""Tests of engines keep machine code in a folder of their own: what is tested is compiled anew each time."""

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """The cache knows nothing of changes of the compiler itself; an old file must not stand for a new one.

    The processes of a parallel run share it.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "machine_code"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_CACHE", str(folder))
        yield
