"""Search settings of a network with Optuna: python examples/optuna_search.py [TRIALS]

Any library that takes a scikit-learn estimator can search; this one looks where earlier trials did well, and gives up a
trial that does worse after some epochs than others did.
"""

from __future__ import annotations

import sys
from typing import Any

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import chainrule as cr


def search(trials: int) -> Any:
    """Return the study; the last part of the rows is kept from it, for an honest score of its best network."""
    import optuna

    X, y = load_breast_cancer(return_X_y=True, as_frame=False)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)

    def network(trial: Any) -> cr.NetworkClassifier:
        def report(net: cr.Network, history: cr.History) -> bool:
            trial.report(-history.validation_cost[-1], history.epoch[-1])
            return bool(trial.should_prune())

        return cr.NetworkClassifier(
            hidden=(trial.suggest_int("units", 16, 128, log=True),) * trial.suggest_int("layers", 1, 3),
            rate=trial.suggest_float("rate", 1e-4, 1e-2, log=True),
            dropout=trial.suggest_float("dropout", 0.0, 0.5),
            epochs=40,
            callbacks=report if isinstance(trial, optuna.Trial) else None,
            random_state=0,
        )

    def objective(trial: Any) -> float:
        classifier = network(trial).fit(X, y, X_val=X_val, y_val=y_val)
        if trial.should_prune():
            raise optuna.TrialPruned
        return max(classifier.validation_scores_)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_warmup_steps=5)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0), pruner=pruner)
    study.optimize(objective, n_trials=trials)
    best = network(optuna.trial.FixedTrial(study.best_params)).fit(X, y, X_val=X_val, y_val=y_val)
    print(f"the best of {trials} trials: {study.best_params}")
    print(f"accuracy on rows that no trial has seen: {best.score(X_test, y_test):.3f}")
    return study


if __name__ == "__main__":
    try:
        import optuna  # noqa: F401
    except ImportError:
        print("This example needs Optuna: pip install optuna")
    else:
        search(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
