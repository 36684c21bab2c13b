"""Makes the figures of docs/methods.md: races of all methods, and how the cost of one gradient grows.

python benchmarks/methods.py [FOLDER FOR PICTURES]
"""

import sys
from pathlib import Path

from chainrule.cli.app import run

RACES = (["xor"], ["mazur"], ["digits", "--seconds", "30"])


def main(folder: Path | None) -> None:
    def picture(name: str) -> list[str]:
        return ["--out", str(folder / f"{name}.png")] if folder else []

    for race in RACES:
        print(f"$ chainrule race {' '.join(race)}\n", flush=True)
        run(["race", *race, *picture(f"race-{race[0]}")])
        print()
    print("$ chainrule race --growth\n", flush=True)
    run(["race", "--growth", *picture("growth")])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
