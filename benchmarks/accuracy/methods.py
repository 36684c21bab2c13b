"""The methods compared: each makes, for a kind of table, something that fits and predicts on a raw frame.

All have the defaults of their library; what differs is said here. Libraries are imported when a method is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.pipeline import make_pipeline

from accuracy.preparation import categories, categories_without_gaps, scaled_columns
from accuracy.table import CLASSIFICATION

THREADS = 2
CHAINRULE = "chainrule"
_HISTOGRAM_BINS = 255


def chainrule(kind: str, ingredients: dict[str, Any] | None = None, **arguments: Any) -> Any:
    """Return the estimator with arguments, `ingredients` are those that it takes in a recipe only."""
    import chainrule
    from chainrule.recipes import recipe_of
    from chainrule.styles import Style

    network = chainrule.NetworkClassifier if kind == CLASSIFICATION else chainrule.NetworkRegressor
    if ingredients is None:
        return network(random_state=0, **arguments)
    changed = {name: Style(**value) if name == "style" else value for name, value in ingredients.items()}
    recipe = recipe_of("default", "classes" if kind == CLASSIFICATION else "numbers").changed(**changed)
    return network(recipe=recipe, random_state=0, **arguments)


def realmlp(kind: str) -> Any:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    network = RealMLP_TD_Classifier if kind == CLASSIFICATION else RealMLP_TD_Regressor
    return make_pipeline(categories_without_gaps(), network(device="cpu", n_threads=THREADS, random_state=0))


def lightgbm(kind: str) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    trees = LGBMClassifier if kind == CLASSIFICATION else LGBMRegressor
    return make_pipeline(categories(), trees(n_jobs=THREADS, verbosity=-1))


def hist_gradient_boosting(kind: str) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    trees = HistGradientBoostingClassifier if kind == CLASSIFICATION else HistGradientBoostingRegressor
    return make_pipeline(categories(_HISTOGRAM_BINS), trees(random_state=0))


def mlp(kind: str) -> Any:
    """Without a scaled target the regressor mostly fails; scaling it is no default, but what its users would do."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    if kind == CLASSIFICATION:
        return make_pipeline(scaled_columns(), MLPClassifier(random_state=0))
    scaled = TransformedTargetRegressor(MLPRegressor(random_state=0), transformer=StandardScaler())
    return make_pipeline(scaled_columns(), scaled)


def linear(kind: str) -> Any:
    """With more steps than its default of 100, after which logistic regression often has not converged."""
    from sklearn.linear_model import LogisticRegression, RidgeCV

    model = LogisticRegression(max_iter=1000) if kind == CLASSIFICATION else RidgeCV()
    return make_pipeline(scaled_columns(), model)


@dataclass(frozen=True)
class Method:
    make: Callable[..., Any]
    libraries: tuple[str, ...]
    about: str


METHODS: Mapping[str, Method] = {
    CHAINRULE: Method(chainrule, ("chainrule", "llvmlite"), "`NetworkClassifier()`, `NetworkRegressor()`"),
    "RealMLP": Method(
        realmlp, ("pytabkit", "torch"), "RealMLP-TD of pytabkit on the CPU, one network; gaps in numbers filled"
    ),
    "LightGBM": Method(lightgbm, ("lightgbm",), "`LGBMClassifier`, `LGBMRegressor`, categories and gaps as such"),
    "HistGradientBoosting": Method(
        hist_gradient_boosting, (), "that of scikit-learn, categories (the 255 most frequent) and gaps as such"
    ),
    "MLP": Method(
        mlp, (), "`MLPClassifier`, `MLPRegressor` of scikit-learn on scaled and one-hot columns, target scaled"
    ),
    "linear": Method(linear, (), "`LogisticRegression` (up to 1,000 steps), `RidgeCV` on scaled and one-hot columns"),
}


def base_of(name: str) -> str:
    """Return the method that a variant such as "chainrule/plain" is one of."""
    return name.split("/")[0]
