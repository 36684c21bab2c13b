"""Settings of `fit` that cannot be: an InputError with a sentence, and the network as it was."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError

X, T = np.ones((4, 2)), np.ones((4, 1))

NO_COUNT = [0, -1, 1.5, True, "a", float("nan"), [1], 10**50]
NO_LIMIT = [-1, True, "a", float("nan"), float("inf"), [1], 10**400]
NO_PART = [0, 1, -0.1, 1.5, True, "a", float("nan"), [0.1], 10**400]

BAD = [
    *(({name: value}, f"{name} must be a whole number") for name in ("epochs", "batch_size") for value in NO_COUNT),
    *(
        ({name: value}, f"{name} must be a whole number")
        for name in ("early_stopping", "log_every")
        for value in NO_COUNT
    ),
    *(({"log_rows": value}, "log_rows must be a whole number") for value in [*NO_COUNT, 2]),
    *(({name: value}, f"{name} must be a number") for name in ("stop_cost", "stop_seconds") for value in NO_LIMIT),
    *(({"stop_gradient": value}, "stop_gradient must be a number") for value in NO_LIMIT),
    *(
        ({"validation_fraction": value}, "validation_fraction must be a number above 0 and below 1")
        for value in NO_PART
    ),
    *(({"seed": value}, "the seed must be a whole number") for value in [-1, 1.5, True, "a", float("nan"), 10**50]),
    ({"epochs": None}, "epochs must be a whole number"),
    ({"optimizer": "adm"}, "unknown optimiser 'adm': did you mean 'adam'"),
    ({"optimizer": cr.Adam}, "unknown optimiser"),
    ({"optimizer": 0.1}, "unknown optimiser 0.1"),
    ({"callbacks": 3}, "callback"),
    ({"callbacks": [3]}, "a callback is a function"),
    ({"callbacks": "ab"}, "a callback is a function"),
    ({"validation": 3}, r"validation must be a pair \(x, t\)"),
    ({"validation": (X,)}, r"validation must be a pair \(x, t\)"),
    ({"validation": (X, T, None, 3)}, r"validation must be a pair \(x, t\)"),
    ({"validation": X}, r"validation must be a pair \(x, t\)"),
    ({"validation": (X, None)}, "t must be"),
    ({"validation": (X, T[:2])}, r"as x, 4, but has shape \(2, 1\)"),
    ({"validation": (X[:, :1], T)}, r"x must have shape \(batch, 2\), not \(4, 1\)"),
    ({"validation": (X, T), "validation_fraction": 0.5}, "not both"),
    ({"validation_fraction": 0.01}, "4 rows leaves 4 to train, 0 aside"),
    ({"validation_fraction": 0.99}, "4 rows leaves 0 to train, 4 aside"),
    ({"shuffle": "no"}, "shuffle must be True or False"),
    ({"shuffle": None}, "shuffle must be True or False"),
]


@pytest.mark.parametrize(("settings", "message"), BAD, ids=lambda value: str(value)[:40])
def test_settings_out_of_range_are_refused(settings, message):
    net = cr.Network(2, [cr.Dense(1)])
    before = net.vector.copy()
    with pytest.raises(InputError, match=message) as error:
        net.fit(X, T, **{"epochs": 1, **settings})
    assert len(str(error.value)) < 400
    assert np.array_equal(net.vector, before)


def test_validation_may_be_a_list():
    assert len(cr.Network(2, [cr.Dense(1)]).fit(X, T, epochs=1, validation=[X, T]).validation_cost) == 1


def test_sizes_and_limits_may_be_numpys():
    whole, half = np.int64(3), np.float32(0.5)
    settings = {"epochs": whole, "batch_size": whole, "early_stopping": whole, "log_every": whole, "seed": whole}
    net = cr.Network(2, [cr.Dense(1)])
    history = net.fit(X, T, **settings, stop_cost=half * 0, stop_gradient=half * 0, validation_fraction=half)
    assert history.epochs == 3


def test_a_network_without_parameters_can_be_fitted():
    history = cr.Network(2, [cr.Dropout(0.5)]).fit(X, X, epochs=2)
    assert history.epochs == 2
    assert history.gradient_norm == {}
    frozen = cr.Network(2, [cr.Residual([cr.Dropout(0.1)])])
    assert cr.check_gradients(frozen, X, X, inputs=True).ok
    assert "update" in str(frozen)
