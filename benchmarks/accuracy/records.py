"""The results as JSON lines, a file for each method, so that a run can stop and go on."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from accuracy.methods import base_of

FOLDER = Path(__file__).parent / "results"
Record = dict[str, Any]
Key = tuple[str, str, int]


def key(record: Record) -> Key:
    return record["method"], record["table"], record["fold"]


def _file(folder: Path, method: str) -> Path:
    """Return where records of a method go; those of variants are kept beside those of the method itself."""
    return folder / f"{base_of(method)}{'-variants' if '/' in method else ''}.jsonl"


def read(folder: Path) -> list[Record]:
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def append(folder: Path, record: Record) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _file(folder, record["method"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def remove(folder: Path, method: str, table: str, folds: Iterable[int]) -> None:
    path = _file(folder, method)
    if not path.exists():
        return
    gone = {(method, table, fold) for fold in folds}
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if key(json.loads(line)) not in gone]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
