"""The tables of the benchmark, and which of them chainrule's recipe may be chosen on.

Left out of what pip packages ship: made-up data (attrition, wa_churn, mlc_churn), tables that every method gets right
(wine, penguins, iris), tables of fewer than 150 rows, and those whose rarer of two classes has under 6 percent.
"""

from accuracy.table import CLASSIFICATION, REGRESSION, SKLEARN, Drop, Table

CHOSEN = "chosen"
REPORTED = "reported"

_LEAF = ("apex", "base", "shape", "denate_edge", "lobed_edge", "smooth_edge", "toothed_edge", "undulate_edge")
_AFTERWARDS = "known only after the target is"
_SAME = "the target in other words"

CLASSES = (
    Table("Pima.tr2", "MASS", CLASSIFICATION, "type", 300),
    Table("breast_cancer", SKLEARN, CLASSIFICATION, "target", 569, seen=True),
    Table(
        "PSID1976",
        "AER",
        CLASSIFICATION,
        "participation",
        753,
        drops=(Drop("zero for who does not work", ("hours", "wage", "repwage")),),
    ),
    Table("OJ", "ISLR", CLASSIFICATION, "Purchase", 1070, codes=("StoreID", "STORE")),
    Table("TitanicSurvival", "carData", CLASSIFICATION, "survived", 1309, seen=True),
    Table("BEPS", "carData", CLASSIFICATION, "vote", 1525),
    Table(
        "smoking",
        "openintro",
        CLASSIFICATION,
        "smoke",
        1691,
        drops=(Drop("given for smokers alone", ("amt_weekends", "amt_weekdays", "type")),),
    ),
    Table("digits", SKLEARN, CLASSIFICATION, "target", 1797, seen=True),
    Table(
        "leaf_id_flavia",
        "modeldata",
        CLASSIFICATION,
        "species",
        1907,
        drops=(Drop("of the species, not of the leaf", _LEAF),),
    ),
    Table(
        "cells",
        "modeldata",
        CLASSIFICATION,
        "class",
        2019,
        drops=(Drop("says how the authors split the rows", ("case",)),),
    ),
    Table("HMDA", "AER", CLASSIFICATION, "deny", 2380),
    Table("Chile", "carData", CLASSIFICATION, "vote", 2532),
    Table("email", "openintro", CLASSIFICATION, "spam", 3921, dates=("time",)),
    Table("hpc_data", "modeldata", CLASSIFICATION, "class", 4331),
    Table("credit_data", "modeldata", CLASSIFICATION, "Status", 4454),
    Table("VerbAgg", "lme4", CLASSIFICATION, "r2", 7584, drops=(Drop(_SAME, ("resp",)),), codes=("id",)),
    Table("HealthInsurance", "AER", CLASSIFICATION, "insurance", 8802),
    Table(
        "storms",
        "dplyr",
        CLASSIFICATION,
        "status",
        19537,
        drops=(
            Drop(
                "decide the status by its definition",
                ("wind", "category", "tropicalstorm_force_diameter", "hurricane_force_diameter"),
            ),
        ),
    ),
    Table(
        "MplsStops",
        "carData",
        CLASSIFICATION,
        "problem",
        51920,
        drops=(Drop("a number of its own for each row", ("idNum",)),),
        dates=("date",),
        codes=("policePrecinct",),
    ),
)

NUMBERS = (
    Table("Hitters", "ISLR", REGRESSION, "Salary", 263, seen=True),
    Table(
        "Auto",
        "ISLR",
        REGRESSION,
        "mpg",
        392,
        drops=(Drop("nearly a name of its own for each row", ("name",)),),
    ),
    Table("Salaries", "carData", REGRESSION, "salary", 397, seen=True),
    Table("diabetes", SKLEARN, REGRESSION, "target", 442, seen=True),
    Table("College", "ISLR", REGRESSION, "Outstate", 777),
    Table("births14", "openintro", REGRESSION, "weight", 1000, drops=(Drop(_SAME, ("lowbirthweight",)),), seen=True),
    Table("concrete", "modeldata", REGRESSION, "compressive_strength", 1030),
    Table(
        "epa2021",
        "openintro",
        REGRESSION,
        "comb_mpg",
        1108,
        drops=(Drop("the target is calculated from them", ("city_mpg", "hwy_mpg")),),
        dates=("release_date",),
    ),
    Table("SaratogaHouses", "mosaicData", REGRESSION, "price", 1728),
    Table("ames", "modeldata", REGRESSION, "Sale_Price", 2930, seen=True),
    Table("Wage", "ISLR", REGRESSION, "wage", 3000, drops=(Drop(_SAME, ("logwage",)),)),
    Table("SLID", "carData", REGRESSION, "wages", 4147),
    Table("Chicago", "modeldata", REGRESSION, "ridership", 5698, dates=("date",)),
    Table("Computers", "Ecdat", REGRESSION, "price", 6259),
    Table(
        "loans_full_schema",
        "openintro",
        REGRESSION,
        "interest_rate",
        10000,
        drops=(
            Drop("the rate follows from them", ("grade", "sub_grade", "installment")),
            Drop(
                _AFTERWARDS,
                ("balance", "loan_status", "paid_total", "paid_principal", "paid_interest", "paid_late_fees"),
            ),
        ),
    ),
    Table("deliveries", "modeldata", REGRESSION, "time_to_delivery", 10012),
    Table("hotel_rates", "modeldata", REGRESSION, "avg_price_per_room", 15402, dates=("arrival_date",)),
    Table(
        "surveys",
        "ratdat",
        REGRESSION,
        "weight",
        32283,
        drops=(Drop("a number of its own for each row", ("record_id",)),),
        codes=("plot_id",),
    ),
    Table("gss_wages", "stevedata", REGRESSION, "realrinc", 37887, codes=("occ10",)),
    Table("diamonds", "ggplot2", REGRESSION, "price", 53940, seen=True),
    Table(
        "flights",
        "nycflights13",
        REGRESSION,
        "air_time",
        327346,
        drops=(
            Drop(_AFTERWARDS, ("dep_time", "dep_delay", "arr_time", "arr_delay")),
            Drop("month, day and hour again", ("time_hour",)),
        ),
        codes=("flight",),
    ),
)

TABLES = CLASSES + NUMBERS
BY_NAME = {table.name: table for table in TABLES}


def _parts(tables: tuple[Table, ...]) -> dict[str, str]:
    """Put what was seen before, and of the others by rows every fifth from the third, into what is chosen on."""
    fresh = sorted((table for table in tables if not table.seen), key=lambda table: table.rows)
    chosen = {table.name for table in tables if table.seen} | {table.name for table in fresh[2::5]}
    return {table.name: CHOSEN if table.name in chosen else REPORTED for table in tables}


PARTS = _parts(CLASSES) | _parts(NUMBERS)


def tables_of(part: str) -> list[Table]:
    return [table for table in TABLES if PARTS[table.name] == part]
