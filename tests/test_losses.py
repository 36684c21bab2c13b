"""Losses and penalties: values against formulas by hand and scikit-learn's metrics, also far from 0."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special
from sklearn import metrics

import chainrule as cr
from chainrule.errors import FormulaError, InputError
from chainrule.losses import LOSSES, as_loss

RNG = np.random.default_rng(0)
Z, T = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 3))
LABELS = np.array([0, 2, 1, 1, 0, 2])
ONE_HOT = np.eye(3)[LABELS]
COUNTS = RNG.poisson(2, (6, 3))


def network(loss, activation="identity", units=3, **settings):
    """A network whose weighted input is its input."""
    net = cr.Network(units, [cr.Dense(units, activation, bias=None)], loss, **{"dtype": "float64", **settings})
    net.set_parameters({"w1": np.eye(units)})
    return net


def cost(loss, activation, z, t, weight=None, **settings):
    z = np.atleast_2d(z)
    return network(loss, activation, z.shape[1], **settings).loss(z, t, weight)


def slope(loss, activation, z, t, **settings):
    z = np.atleast_2d(z)
    return network(loss, activation, z.shape[1], **settings).gradients(z, t, inputs=True)["x"]


def test_values_equal_the_formulas_and_scikit_learn():
    close = pytest.approx
    assert cost("squared_error", "identity", Z, T) == close(3 * metrics.mean_squared_error(T, Z), rel=1e-13)
    assert cost("half_squared_error", "identity", Z, T) == close(1.5 * metrics.mean_squared_error(T, Z), rel=1e-13)
    assert cost("absolute_error", "identity", Z, T) == close(3 * metrics.mean_absolute_error(T, Z), rel=1e-13)
    distance = np.abs(Z - T)
    huber = np.where(distance <= 0.7, distance**2 / 2, 0.7 * (distance - 0.35)).sum(axis=1).mean()
    assert cost(cr.loss("huber", delta=0.7), "identity", Z, T) == close(huber, rel=1e-13)
    assert cost("huber", "identity", Z, T) == close(special.huber(1, Z - T).sum(axis=1).mean(), rel=1e-13)


def test_cross_entropy_is_the_log_loss():
    right = metrics.log_loss(LABELS, special.softmax(Z, axis=1))
    assert cost("cross_entropy", "softmax", Z, LABELS) == pytest.approx(right, rel=1e-13)
    assert cost("cross_entropy", "softmax", Z, ONE_HOT) == pytest.approx(right, rel=1e-13)


def test_binary_cross_entropy_is_the_log_loss_summed_over_the_outputs():
    right = sum(metrics.log_loss(ONE_HOT[:, k], special.expit(Z[:, k])) for k in range(3))
    assert cost("binary_cross_entropy", "sigmoid", Z, ONE_HOT) == pytest.approx(right, rel=1e-13)


def test_poisson_is_half_the_deviance_up_to_a_constant_of_the_targets():
    def deviance(y):
        return sum(metrics.mean_poisson_deviance(COUNTS[:, k], y[:, k]) for k in range(3)) / 2

    one, two = (cost("poisson", "softplus", z, COUNTS) for z in (Z, T))
    right = deviance(special.log1p(np.exp(Z))) - deviance(special.log1p(np.exp(T)))
    assert one - two == pytest.approx(right, rel=1e-11)


def test_label_smoothing_is_cross_entropy_with_smoothed_targets():
    smoothed = 0.9 * ONE_HOT + 0.1 / 3
    loss = cr.loss("cross_entropy", smoothing=0.1)
    assert cost(loss, "softmax", Z, LABELS) == pytest.approx(cost("cross_entropy", "softmax", Z, smoothed), rel=1e-12)
    np.testing.assert_allclose(
        slope(loss, "softmax", Z, LABELS), slope("cross_entropy", "softmax", Z, smoothed), rtol=1e-10, atol=1e-14
    )


def test_labels_are_one_hot_targets_to_the_bit():
    for t in (LABELS, LABELS.astype(float), LABELS.tolist(), LABELS.astype("u1")):
        assert np.array_equal(slope("cross_entropy", "softmax", Z, t), slope("cross_entropy", "softmax", Z, ONE_HOT))


DATA = {
    "numbers": (T, "identity"),
    "probabilities": (ONE_HOT, "sigmoid"),
    "distribution": (ONE_HOT, "softmax"),
    "counts": (COUNTS, "softplus"),
}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_weight_counts_as_so_many_repetitions(loss, reduction):
    t, activation = DATA[LOSSES[loss].targets]
    times = np.array([1, 3, 0, 2, 1, 2])
    net = network(loss, activation, reduction=reduction)
    z, repeated = np.repeat(Z, times, axis=0), np.repeat(t, times, axis=0)
    assert net.loss(Z, t, times) == pytest.approx(net.loss(z, repeated), rel=1e-12)
    weighted, plain = net.gradients(Z, t, times), net.gradients(z, repeated)
    np.testing.assert_allclose(weighted["w1"], plain["w1"], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("far", [1000.0, 1e6])
def test_cross_entropy_is_exact_at_extreme_logits(far, dtype):
    for z, t, value, gradient in [
        ([far, -far], [[1, 0]], 0, [[0, 0]]),
        ([far, -far], [[0, 1]], 2 * far, [[1, -1]]),
        ([far, far], [[1, 0]], np.log(2), [[-0.5, 0.5]]),
        ([-far, -far], [[0, 1]], np.log(2), [[0.5, -0.5]]),
    ]:
        assert cost("cross_entropy", "softmax", z, t, dtype=dtype) == pytest.approx(value, rel=1e-6)
        np.testing.assert_allclose(slope("cross_entropy", "softmax", z, t, dtype=dtype), gradient, atol=1e-7)
    smooth = cost(cr.loss("cross_entropy", smoothing=0.2), "softmax", [far, -far], [[1, 0]], dtype=dtype)
    assert smooth == pytest.approx(0.2 * far, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("z", [1000.0, -1000.0, 90.0, -90.0, 1e6])
@pytest.mark.parametrize("t", [0.0, 1.0, 0.25])
def test_binary_cross_entropy_is_exact_at_extreme_logits(z, t, dtype):
    right = np.logaddexp(0, z) - t * z
    assert cost("binary_cross_entropy", "sigmoid", [[z]], [[t]], dtype=dtype) == pytest.approx(
        right, rel=1e-6, abs=1e-30
    )
    right = special.expit(z) - t
    assert slope("binary_cross_entropy", "sigmoid", [[z]], [[t]], dtype=dtype).item() == pytest.approx(right, abs=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", LOSSES["poisson"].activations)
@pytest.mark.parametrize("z", [1000.0, -1000.0, 90.0, -90.0, -110.0])
def test_poisson_stays_finite_at_extreme_logits(z, activation, dtype):
    for t in (0, 1, 7):
        assert np.isfinite(cost("poisson", activation, [[z]], [[t]], dtype=dtype))
        assert np.isfinite(slope("poisson", activation, [[z]], [[t]], dtype=dtype)).all()


def test_penalties_add_to_the_cost_of_weights_alone():
    layers = [cr.Dense(3, "tanh", bias_init=cr.Init("constant", 0.4)), cr.LayerNorm(), cr.Dense(2)]
    plain, both = (cr.Network(3, layers, penalties=p, dtype="float64") for p in ((), [cr.L1(0.3), cr.L2(0.2)]))
    w1, w3 = both.parameters["w1"], both.parameters["w3"]
    added = sum(0.3 * np.abs(w).sum() + 0.1 * (w**2).sum() for w in (w1, w3))
    assert both.loss(Z, T[:, :2]) - plain.loss(Z, T[:, :2]) == pytest.approx(added, rel=1e-12)
    more, less = both.gradients(Z, T[:, :2]), plain.gradients(Z, T[:, :2])
    np.testing.assert_allclose(more["w1"] - less["w1"], 0.3 * np.sign(w1) + 0.2 * w1, rtol=1e-10)
    assert all(np.array_equal(more[name], less[name]) for name in ("b1", "scale2", "shift2", "b3"))


def test_one_s_own_loss_trains_checks_and_prints_its_backward_equation():
    loss = cr.Loss("log_cosh", "log(cosh(y - t))")
    net = cr.Network(1, [cr.Dense(6, "tanh"), cr.Dense(1)], loss, dtype="float64")
    x = np.linspace(-2, 2, 30)[:, None]
    assert net.loss(x, np.sin(x)) == pytest.approx(np.log(np.cosh(net.predict(x) - np.sin(x))).mean(), rel=1e-12)
    assert cr.check_gradients(net, x[:3], np.sin(x[:3])).ok
    history = net.fit(x, np.sin(x), optimizer=cr.Adam(0.02), epochs=200)
    assert history.cost[-1] < 0.05 * history.cost[0]
    assert "\n    d_y[n,k] = sinh(y[n,k] - t[n,k])" in str(net)


def test_own_losses_sum_over_the_outputs_only_what_differs_between_them():
    for formula, right in [
        ("(y - t)**2", ((Z - T) ** 2).sum(axis=1).mean()),
        ("sum((y - t)**2)", ((Z - T) ** 2).sum(axis=1).mean()),
        ("sum((y - t)**2)**0.5", np.sqrt(((Z - T) ** 2).sum(axis=1)).mean()),
        ("max(abs(y - t))", np.abs(Z - T).max(axis=1).mean()),
        ("mean(y * t)", (Z * T).mean()),
        ("q * (t - y)", 0.3 * (T - Z).sum(axis=1).mean()),
        ("z - y + t**2", (T**2).sum(axis=1).mean()),
    ]:
        loss = cr.Loss("own", formula, **({"q": 0.3} if "q" in formula else {}))
        assert cost(loss, "identity", Z, T) == pytest.approx(right, rel=1e-12), formula


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cr.loss("hubber"), "unknown loss 'hubber': did you mean 'huber'"),
        (lambda: cr.loss("huber", dleta=1), "did you mean 'delta'"),
        (lambda: cr.loss("huber", delta=0), "delta of the loss huber must be a number above 0"),
        (lambda: cr.loss("huber", delta=10**400), "delta"),
        (lambda: cr.loss("cross_entropy", smoothing=2), "smoothing.*at least 0 and below 1, not 2"),
        (lambda: cr.loss("cross_entropy", smoothing=True), "smoothing"),
        (lambda: cr.Loss("own", "lg(y)"), "loss own.*lg.*did you mean '?log"),
        (lambda: cr.Loss("own", "y - w"), "w is not known.*y, t, z"),
        (lambda: cr.Loss("own", "y - t", t=1.0), "t has a meaning of its own"),
        (lambda: cr.Loss("own", 3), "a formula is a text"),
        (lambda: cr.Loss("own", "y", targets="counst"), "did you mean 'counts'"),
        (lambda: cr.Loss("own", "y", activations=["sofmax"]), "did you mean 'softmax'"),
        (lambda: cr.Network(2, [cr.Dense(1)], ["huber"]), "unknown loss"),
        (lambda: cr.Network(2, [cr.Dense(1)], {}), "loss"),
        (lambda: cr.Network(2, [cr.Dense(1)], cr.Loss), "unknown loss"),
        (lambda: cr.Network(2, [cr.Dense(2, "sigmoid")], "cross_entropy"), "needs .*'softmax', not 'sigmoid'"),
        (lambda: cr.Network(2, [cr.Dense(2, "softmax"), cr.Dropout(0.1)], "cross_entropy"), "needs .*'softmax'"),
        (lambda: cr.Network(2, [cr.Dense(2)], "binary_cross_entropy"), "needs .*'sigmoid', not 'identity'"),
        (lambda: cr.Network(2, [cr.Dense(2)], penalties=[0.1]), r"a list such as \[L2"),
        (lambda: cr.Network(2, [cr.Dense(2)], penalties=cr.L2(0.1)), r"a list such as \[L2"),
        (lambda: cr.L2(-1), "strength of L2 must be a number of at least 0"),
        (lambda: cr.L1("a"), "strength of L1"),
        (lambda: cr.L1(float("nan")), "strength of L1"),
    ],
)
def test_what_is_no_loss_is_said(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_errors_of_formulas_are_formula_errors():
    with pytest.raises(FormulaError):
        cr.Loss("own", "lg(y)")


def test_a_loss_is_made_again_from_its_configuration():
    for loss in (cr.Loss("own", "q * abs(y - t)", q=2, targets="counts"), cr.loss("huber", delta=0.5)):
        assert as_loss(loss.config).config == loss.config
    assert as_loss("huber").config == "huber"
