"""LLVM modules to functions that can be called, kept on disk by what they were made of.

A file of the cache is the machine code behind a digest of it. It is written beside its place and then moved there, so
that several processes may do so at once; what cannot be read or does not fit its digest is made anew, and where nothing
can be written, nothing is kept.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import platformdirs

from chainrule.engines import builtins, casting, compiler, tiles
from chainrule.engines.builtins import symbol
from chainrule.engines.compiler import to_llvm
from chainrule.engines.products import products
from chainrule.engines.tabled import TABLE, table

# Takes the address of a block of arguments and the number of the thread; other threads of Python run meanwhile.
Entry = Callable[[int, int], None]
_ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)

# Modules up to so many characters of LLVM's language are short; a 2-8-1 network has 105,000.
_SHORT = 150_000
_loading = threading.Lock()
_loaded: dict[str, Any] = {}
# How many modules were compiled in this process, not found in the cache.
compiled = 0


def entry_of(source: str, precision: str, entry: str) -> Entry:
    """Return the function `entry` of generated source: from memory, from the cache on disk, or compiled."""
    with _loading:
        _provide(source, precision)
        return _ENTRY(_engine_of(source, precision, entry).get_function_address("entry"))


def _provide(source: str, precision: str) -> None:
    """Let a module find what stands outside of it: products of matrices, compiled once for all, and a table."""
    if "product" in source:
        name = f"multiply_{precision}"
        engine = _engine_of(products(precision), precision, name, unroll=False)
        llvm.add_symbol(symbol(name), engine.get_function_address(symbol(name)))
    if TABLE in source:
        llvm.add_symbol(symbol(f"{TABLE}_{precision}"), table(precision).ctypes.data)


def _engine_of(source: str, precision: str, entry: str, *, unroll: bool = True) -> Any:
    """Return the loaded machine code of a source, which stays where it is."""
    key = _digest("\n".join([source, precision, entry, _machine_name(), _compiler()]).encode())
    if key not in _loaded:
        _loaded[key] = _load(_cached(key) or _keep(key, _compile(source, precision, entry, unroll)))
    return _loaded[key]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _machine_name() -> str:
    """Return everything that machine code depends on beside its source."""
    features = llvm.get_host_cpu_features().flatten()
    versions = f"{llvmlite.__version__} {'.'.join(map(str, llvm.llvm_version_info))}"
    return f"{llvm.get_process_triple()} {llvm.get_host_cpu_name()} {features} {versions}"


@cache
def _compiler() -> str:
    """Return a digest of what turns source into machine code: code of an older version is not used."""
    files = (Path(module.__file__ or "") for module in (compiler, casting, builtins, tiles))
    return _digest(b"".join(path.read_bytes() for path in (*files, Path(__file__))))


@cache
def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=3, reloc="pic", codemodel="jitdefault", jit=True
    )


def folder() -> Path:
    """Return where machine code is kept: CHAINRULE_CACHE, or the user's cache folder."""
    return Path(os.environ.get("CHAINRULE_CACHE") or platformdirs.user_cache_path("chainrule"))


def _compile(source: str, precision: str, entry: str, unroll: bool) -> bytes:
    global compiled
    compiled += 1
    text = to_llvm(source, precision, entry)
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization, options.loop_unrolling = True, unroll
    # Joining single numbers into vectors pays for the smallest networks, and takes a second for larger ones; where
    # values are looked up one by one, what it joins must be taken apart again (docs/log.md).
    options.slp_vectorization = len(text) < _SHORT and TABLE not in source
    machine = _target()
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(module, passes)
    return bytes(machine.emit_object(module))


def _keep(key: str, code: bytes) -> bytes:
    content = _digest(code).encode() + code
    try:
        folder().mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder(), prefix=f"{key}.")
    except OSError:
        return code  # it cannot be kept, and works all the same
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, _path(key))
    except OSError:
        Path(temporary).unlink(missing_ok=True)
    return code


def _path(key: str) -> Path:
    return folder() / f"{key}.bin"


def _cached(key: str) -> bytes | None:
    try:
        content = _path(key).read_bytes()
    except OSError:
        return None
    digest, code = content[:64], content[64:]
    return code if _digest(code).encode() == digest else None


def _load(code: bytes) -> Any:
    """Return the engine that has machine code in memory, for as long as it lives."""
    empty = llvm.parse_assembly("")
    empty.triple = llvm.get_process_triple()
    engine = llvm.create_mcjit_compiler(empty, _new_target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def _new_target() -> Any:
    """Return a target for an engine, which takes it over."""
    _target()
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(codemodel="jitdefault", jit=True)


@cache
def yielding() -> int:
    """Return the address of the system's function that lets another thread run."""
    windows = os.name == "nt"
    function = vars(ctypes)["windll"].kernel32.SwitchToThread if windows else ctypes.CDLL(None).sched_yield
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)
