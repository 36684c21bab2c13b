"""Tests of engines keep machine code in a folder of their own: what is tested is compiled anew each time."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """The cache knows nothing of changes of the compiler itself; an old file must not stand for a new one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_CACHE", str(tmp_path_factory.mktemp("machine_code")))
        yield
