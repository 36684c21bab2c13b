"""Machine code is kept on disk, whatever becomes of the files, and of the folder."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from calling import run

from chainrule.engines import machine

SOURCE = """
def go(out: Doubles, n: int, thread: int):
    out[0] = n + 0.5
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of its own, and nothing in memory; what is loaded lives on until the test is over."""
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(machine, "compiled", 0)
    monkeypatch.setattr(machine, "_loaded", {})
    return tmp_path / "cache"


def forget(monkeypatch):
    """Be as a new process."""
    monkeypatch.setattr(machine, "_loaded", {})


def use(source=SOURCE, precision="double"):
    """Run the source; return how many modules have been compiled."""
    out = np.zeros(1)
    run(source, precision, out, 3)
    assert out[0] == 3.5
    return machine.compiled


def the_file(cache):
    (path,) = cache.iterdir()
    return path


def test_the_folder_is_the_one_that_is_asked_for_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    assert machine.folder() == tmp_path
    monkeypatch.setattr(machine.platformdirs, "user_cache_path", lambda name: Path("of the user", name))
    for unset in (lambda: monkeypatch.setenv("CHAINRULE_CACHE", ""), lambda: monkeypatch.delenv("CHAINRULE_CACHE")):
        unset()
        assert machine.folder() == Path("of the user", "chainrule")


def test_what_is_loaded_is_not_loaded_again(cache):
    assert use() == 1
    the_file(cache).unlink()
    assert use() == 1
    assert list(cache.iterdir()) == []


def test_a_new_process_finds_the_machine_code_on_disk(cache, monkeypatch):
    assert use() == 1
    content = the_file(cache).read_bytes()
    forget(monkeypatch)
    assert use() == 1
    assert the_file(cache).read_bytes() == content


def test_each_source_precision_and_entry_has_its_own_file(cache, monkeypatch):
    both = SOURCE + SOURCE.replace("go", "other")
    assert [use(), use(precision="single"), use(SOURCE + "\n"), use(both)] == [1, 2, 3, 4]
    out = np.zeros(1)
    run(both, "double", out, 3, entry="other")
    assert machine.compiled == 5
    assert len(list(cache.iterdir())) == 5


def test_another_processor_or_version_compiles_anew(cache, monkeypatch):
    use()
    forget(monkeypatch)
    monkeypatch.setattr(machine, "_machine_name", lambda: "another")
    assert use() == 2
    assert len(list(cache.iterdir())) == 2


DAMAGE = {
    "empty": lambda content: b"",
    "a byte": lambda content: b"\x00",
    "the digest alone": lambda content: content[:64],
    "the code alone": lambda content: content[64:],
    "a truncated digest": lambda content: content[:63],
    "truncated code": lambda content: content[: len(content) // 2],
    "a byte short": lambda content: content[:-1],
    "a byte long": lambda content: content + b"\x00",
    "twice": lambda content: content * 2,
    "a flipped bit of the digest": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "a flipped bit at the start of the code": lambda content: content[:64] + bytes([content[64] ^ 1]) + content[65:],
    "a flipped bit in the middle": lambda content: content[:300] + bytes([content[300] ^ 128]) + content[301:],
    "a flipped bit at the end": lambda content: content[:-1] + bytes([content[-1] ^ 4]),
    "text": lambda content: b"x" * 1000,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_compiled_anew_and_replaced(cache, monkeypatch, damage):
    use()
    path = the_file(cache)
    content = path.read_bytes()
    path.write_bytes(damage(content))
    forget(monkeypatch)
    assert use() == 2
    assert the_file(cache) == path
    assert path.read_bytes() == content
    forget(monkeypatch)
    assert use() == 2


def test_a_folder_in_place_of_the_file_is_left_alone(cache, monkeypatch):
    use()
    path = the_file(cache)
    path.unlink()
    path.mkdir()
    for compiled in (2, 3):
        forget(monkeypatch)
        assert use() == compiled
        assert the_file(cache) == path


def test_a_file_in_place_of_the_folder_does_no_harm(cache, monkeypatch):
    for place in (cache, cache / "deeper"):
        monkeypatch.setenv("CHAINRULE_CACHE", str(place))
        cache.write_text("mine")
        forget(monkeypatch)
        use()
        assert cache.read_text() == "mine"
    assert machine.compiled == 2


def test_folders_are_made_as_needed(cache, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(cache / "deep" / "er"))
    use()
    assert the_file(cache / "deep" / "er").suffix == ".bin"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_folder_that_may_not_be_written_or_read_does_no_harm(cache, mode):
    cache.mkdir()
    cache.chmod(mode)
    try:
        assert use() == 1
    finally:
        cache.chmod(0o700)
    assert list(cache.iterdir()) == []


def refuse(*arguments, **settings):
    raise PermissionError("not here")


@pytest.mark.parametrize("place", [(machine.tempfile, "mkstemp"), (machine.os, "replace"), (machine.Path, "mkdir")])
def test_where_nothing_can_be_written_nothing_is_kept(cache, monkeypatch, place):
    if place[0] is not machine.Path:
        cache.mkdir()
    monkeypatch.setattr(*place, refuse)
    for compiled in (1, 2):
        forget(monkeypatch)
        assert use() == compiled
    assert not cache.exists() or list(cache.iterdir()) == []


def test_a_full_disk_leaves_no_part_of_a_file(cache, monkeypatch):
    class Full(io.FileIO):
        def write(self, content):
            super().write(content[:10])
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(machine.os, "fdopen", Full)
    assert use() == 1
    assert list(cache.iterdir()) == []


def test_a_file_that_may_not_be_read_is_as_none(cache, monkeypatch):
    use()
    forget(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(machine.Path, "read_bytes", refuse)
        assert use() == 2
    the_file(cache)
    forget(monkeypatch)
    assert use() == 2


PROCESS = f"""
import sys
import numpy as np
from calling import run
from chainrule.engines import machine
print("ready", flush=True)
sys.stdin.readline()
out = np.zeros(1)
run({SOURCE!r}, "double", out, 3)
print(out[0], machine.compiled)
"""


def start(cache):
    """Start a process that waits for a line before it compiles."""
    here = Path(__file__).parent
    paths = [str(here), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS],
        env={**os.environ, "CHAINRULE_CACHE": str(cache), "PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_at_once_leave_one_whole_file(cache):
    with ExitStack() as stack:
        processes = [stack.enter_context(start(cache)) for _ in range(4)]
        for process in processes:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            out, error = process.communicate()
            assert (process.returncode, error) == (0, "")
            assert out in ("3.5 0\n", "3.5 1\n")
    assert the_file(cache).suffix == ".bin"
    assert use() == 0


def test_a_module_that_cannot_be_compiled_is_not_kept(cache):
    for _ in range(2):
        with pytest.raises(SyntaxError):
            machine.entry_of("def go(n: int, thread: int):\n    x = [n]\n", "double", "go")
    assert not cache.exists()
    assert use() == 3
