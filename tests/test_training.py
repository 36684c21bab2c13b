"""`fit`: batches, validation, early stopping, reasons to stop, interruptions and divergence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import chainrule as cr
import oracle_dense
from chainrule.engines import stepping
from chainrule.errors import TrainingError
from random_networks import cases

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(10, 2)), RNG.normal(size=(10, 1))


def network(**settings):
    return cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)], **{"dtype": "float64", "seed": 1, **settings})


class Spy:
    """An equation `y = w * x` that tells which samples each batch held: column 0 of x counts them."""

    def __init__(self, monkeypatch, rows=10, **settings):
        self.batches = []
        run = stepping.Plan.run

        def seen(plan, arrays):
            if plan is self.compute:
                self.batches.append(arrays["x"][:, 0].astype(int).tolist())
            return run(plan, arrays)

        made = stepping.SteppingEngine.__init__

        def remember(this, *arguments):
            made(this, *arguments)
            self.compute = this.compute

        monkeypatch.setattr(stepping.Plan, "run", seen)
        monkeypatch.setattr(stepping.SteppingEngine, "__init__", remember)
        x = np.arange(rows)[:, None]
        net = cr.Network(1, [cr.Dense(1, init="zeros")], seed=settings.pop("net_seed", 0))
        self.history = net.fit(x, np.zeros(rows), optimizer=cr.GradientDescent(0), **settings)


def test_full_batches_without_shuffling_are_plain_gradient_descent():
    net = network()
    parameters = {name: value.copy() for name, value in net.parameters.items()}
    net.fit(X, T, optimizer=cr.GradientDescent(0.3), epochs=20, batch_size=None, shuffle=False)
    for _ in range(20):
        found = oracle_dense.gradients(["tanh", "identity"], "half_squared_error", parameters, X, T)
        parameters = {name: value - 0.3 * found[name] for name, value in parameters.items()}
    for name, value in parameters.items():
        np.testing.assert_allclose(net.parameters[name], value, rtol=1e-10)


def test_batches_in_order_are_gradient_descent_on_one_after_the_other():
    net = network(penalties=[cr.L2(0.1)])
    parameters = {name: value.copy() for name, value in net.parameters.items()}
    net.fit(X, T, optimizer=cr.GradientDescent(0.3), epochs=2, batch_size=4, shuffle=False)
    for rows in [slice(0, 4), slice(4, 8), slice(8, 10)] * 2:
        found = oracle_dense.gradients(["tanh", "identity"], "half_squared_error", parameters, X[rows], T[rows])
        decay = {name: 0.1 if value.ndim == 2 else 0 for name, value in parameters.items()}
        parameters = {n: w - 0.3 * (found[n] + decay[n] * w) for n, w in parameters.items()}
    for name, value in parameters.items():
        np.testing.assert_allclose(net.parameters[name], value, rtol=1e-10)


@pytest.mark.parametrize(
    ("size", "sizes"), [(4, [4, 4, 2]), (5, [5, 5]), (1, [1] * 10), (10, [10]), (99, [10]), (None, [10])]
)
def test_each_sample_comes_once_an_epoch_and_the_last_batch_is_kept(monkeypatch, size, sizes):
    spy = Spy(monkeypatch, batch_size=size, epochs=3)
    assert [len(batch) for batch in spy.batches] == sizes * 3
    for epoch in range(3):
        batches = spy.batches[epoch * len(sizes) : (epoch + 1) * len(sizes)]
        assert sorted(sample for batch in batches for sample in batch) == list(range(10))
    assert spy.history.steps == 3 * len(sizes)


def test_the_default_batch_is_32(monkeypatch):
    assert [len(batch) for batch in Spy(monkeypatch, rows=70, epochs=1).batches] == [32, 32, 6]


def test_order_follows_the_seed_and_differs_from_epoch_to_epoch(monkeypatch):
    def order(**settings):
        with monkeypatch.context() as patch:
            return Spy(patch, rows=40, epochs=2, batch_size=10, **settings).batches

    assert order(seed=3) == order(seed=3) == order(net_seed=3)
    assert order(seed=3) != order(seed=4)
    assert order(seed=3)[:4] != order(seed=3)[4:]
    assert order(shuffle=False) == [list(range(k, k + 10)) for k in (0, 10, 20, 30)] * 2


@settings(max_examples=25)
@given(cases(dtype="float32"))
def test_training_is_repeatable_to_the_bit_and_stays_in_its_dtype(case):
    def train(seed):
        net = cr.Network.from_config(case.net.config)
        kinds = set()
        with pytest.MonkeyPatch.context() as patch:
            run = stepping.Plan.run

            def watched(plan, arrays):
                found = run(plan, arrays)
                kinds.update(value.dtype.name for value in found.values() if hasattr(value, "dtype"))
                return found

            patch.setattr(stepping.Plan, "run", watched)
            net.fit(case.x, case.t, sample_weight=case.sample_weight, epochs=2, batch_size=2, seed=seed)
        return net, kinds

    one, kinds = train(5)
    two, _ = train(5)
    assert kinds <= {"float32"}
    assert one.vector.dtype == np.float32
    assert np.array_equal(one.vector, two.vector)
    assert all(np.array_equal(one.states[name], two.states[name]) for name in one.states)


def test_another_seed_gives_another_training():
    one, two = network(), network()
    one.fit(X, T, epochs=1, batch_size=3, seed=1)
    two.fit(X, T, epochs=1, batch_size=3, seed=2)
    assert not np.array_equal(one.vector, two.vector)


@pytest.mark.parametrize("optimizer", [cr.Adam(0.05), cr.Momentum(0.02), cr.RMSprop(0.02)], ids=repr)
def test_fit_learns(optimizer):
    x = np.linspace(-2, 2, 60)[:, None]
    net = cr.Network(1, [cr.Dense(16, "tanh"), cr.Dense(1)])
    history = net.fit(x, np.sin(x), optimizer=optimizer, epochs=150)
    assert history.cost[-1] < 0.02 * history.cost[0]


def test_without_settings_fit_takes_adam():
    one, two = network(), network()
    one.fit(X, T, epochs=2)
    two.fit(X, T, epochs=2, optimizer=cr.Adam(), batch_size=32, shuffle=True)
    assert np.array_equal(one.vector, two.vector)


def test_fit_goes_on_from_the_present_parameters():
    once, twice = network(), network()
    once.fit(X, T, optimizer=cr.GradientDescent(0.1), epochs=4, batch_size=None)
    for _ in range(2):
        twice.fit(X, T, optimizer=cr.GradientDescent(0.1), epochs=2, batch_size=None)
    np.testing.assert_array_equal(once.vector, twice.vector)


def test_a_sample_of_weight_0_is_not_there_and_2_counts_twice():
    weighted, repeated = network(), network()
    weights = np.array([0, 2, 1, 0, 1, 1, 0, 3, 1, 1])
    weighted.fit(X, T, sample_weight=weights, epochs=5, batch_size=None)
    repeated.fit(np.repeat(X, weights, axis=0), np.repeat(T, weights, axis=0), epochs=5, batch_size=None)
    np.testing.assert_allclose(weighted.vector, repeated.vector, rtol=1e-9)
    history = network().fit(X, T, sample_weight=[0] * 9 + [1], batch_size=1, epochs=2)
    assert history.steps == 2


def test_a_validation_part_is_set_aside_by_the_seed(monkeypatch):
    spy = Spy(monkeypatch, batch_size=2, epochs=2, validation_fraction=0.3, seed=4)
    seen = {sample for batch in spy.batches for sample in batch}
    assert len(seen) == 7
    assert len(spy.history.validation_cost) == 2
    again = Spy(monkeypatch, batch_size=2, epochs=1, validation_fraction=0.3, seed=4)
    assert {sample for batch in again.batches for sample in batch} == seen


def test_the_part_set_aside_takes_its_weights_along():
    net = network()
    weights = np.where(np.arange(10) % 2, 1.0, 1e-12)
    history = net.fit(X, T, sample_weight=weights, validation_fraction=0.5, optimizer=cr.GradientDescent(0), epochs=1)
    total = history.cost[0], history.validation_cost[0]
    assert all(np.isfinite(total))


def test_the_end_has_the_reason_of_the_issue():
    assert network().fit(X, T, epochs=3).stopped == "all epochs done"
    assert network().fit(X, T, epochs=3, stop_seconds=0).stopped == "0 seconds are over"


def test_training_ends_at_a_cost():
    history = network().fit(X, T, optimizer=cr.GradientDescent(0.1), epochs=500, stop_cost=0.2)
    assert history.cost[-1] <= 0.2 < history.cost[-2]
    assert history.epochs == len(history.cost)
    assert history.stopped == f"cost {history.cost[-1]:g} is at most stop_cost 0.2"


def test_training_ends_at_a_gradient():
    history = network().fit(X, T, optimizer=cr.GradientDescent(0.1), epochs=900, batch_size=None, stop_gradient=0.2)
    lengths = np.hypot(history.gradient_norm["1"], history.gradient_norm["2"])
    assert lengths[-1] <= 0.2 < lengths[-2]
    assert history.stopped == f"gradient norm {lengths[-1]:g} is at most stop_gradient 0.2"


@pytest.mark.parametrize("answer", [True, np.True_])
def test_a_callback_ends_training_by_saying_yes(answer):
    seen = []

    def stop(net, history):
        seen.append((net, len(history)))
        return answer if len(history) == 4 else None

    net = network()
    for callbacks in (stop, [stop], (lambda net, history: False, stop)):
        seen.clear()
        history = net.fit(X, T, epochs=50, callbacks=callbacks)
        assert history.epochs == 4
        assert history.stopped == "a callback asked for it"
        assert seen == [(net, k) for k in (1, 2, 3, 4)]


def test_errors_of_a_callback_are_its_own():
    def fail(net, history):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        network().fit(X, T, epochs=3, callbacks=[fail])


def test_callbacks_are_called_for_epochs_on_record_alone():
    seen = []
    network().fit(X, T, epochs=10, log_every=4, callbacks=[lambda net, history: seen.append(history.epoch[-1])])
    assert seen == [0, 4, 8, 9]


def test_ctrl_c_keeps_what_was_learned_and_the_history():
    twin = network()
    twin.fit(X, T, optimizer=cr.GradientDescent(0.1), epochs=3)

    def interrupt(net, history):
        if len(history) == 3:
            raise KeyboardInterrupt

    net = network()
    history = net.fit(X, T, optimizer=cr.GradientDescent(0.1), epochs=1000, callbacks=[interrupt])
    assert history.stopped == "interrupted"
    assert (history.epochs, history.steps, len(history)) == (3, 3, 3)
    np.testing.assert_array_equal(net.vector, twin.vector)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [1e3, 1e20, 1e38, 1e300])
def test_divergence_names_step_rate_and_layer_and_leaves_finite_numbers(rate, dtype):
    net = cr.Network(2, [cr.Dense(3, "relu"), cr.BatchNorm(), cr.Dense(1)], dtype=dtype, seed=3)
    with pytest.raises(TrainingError, match=r"no longer finite at step \d+ \(epoch \d+\) with learning rate") as error:
        net.fit(X, T, optimizer=cr.GradientDescent(rate), epochs=100, batch_size=None)
    assert f"{rate:g}" in str(error.value)
    assert any(word in str(error.value) for word in ("Dense(", "BatchNorm", "loss half_squared_error", "update of w"))
    assert np.isfinite(net.vector).all()
    assert all(np.isfinite(value).all() for value in net.states.values())


def test_divergence_in_the_last_update_is_not_kept_quiet():
    net = cr.Network(2, [cr.Dense(1)], dtype="float32")
    with pytest.raises(TrainingError):
        net.fit(X, T, optimizer=cr.GradientDescent(1e300), epochs=1)
    assert np.isfinite(net.vector).all()


def test_the_error_of_a_divergence_is_raised_in_the_first_bad_step():
    net = cr.Network(2, [cr.Dense(1)], dtype="float32")
    with pytest.raises(TrainingError, match=r"step 1 \(epoch 0\).*loss half_squared_error"):
        net.fit(X * 1e25, T, epochs=5)
