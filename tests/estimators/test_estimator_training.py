"""How it trains: by hand the same, again the same, on from where it was, validated, scored, of several networks."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from estimator_cases import RECIPES, blobs, line, people_frame, problem, small
from sklearn.metrics import accuracy_score, make_scorer

import chainrule as cr
from chainrule.estimators.members import seed_of
from chainrule.estimators.splitting import set_aside


def _predict(estimator, X):
    return estimator.predict_proba(X) if hasattr(estimator, "predict_proba") else estimator.predict(X)


def test_plain_is_the_network_by_hand():
    X, y = blobs()
    net = cr.Network(2, [cr.Dense(8, "tanh"), cr.Dense(3, "softmax")], loss="cross_entropy", seed=7)
    history = net.fit(X, y, optimizer=cr.Momentum(0.05), epochs=9, batch_size=16)
    classifier = cr.NetworkClassifier(
        (8,), "tanh", recipe="plain", optimizer="momentum", rate=0.05, epochs=9, batch_size=16, random_state=7
    ).fit(X, y)
    np.testing.assert_array_equal(classifier.network_.vector, net.vector)
    np.testing.assert_allclose(classifier.predict_proba(X), net.predict(X), rtol=1e-6)
    assert classifier.loss_curve_ == history.cost
    assert (classifier.n_iter_, classifier.validation_scores_, classifier.temperature_) == (9, None, None)


def test_layers_and_an_optimizer_of_ones_own():
    X, y = people_frame()
    layers = [cr.Dense(6, "tanh"), cr.Dropout(0.1), cr.LayerNorm()]
    classifier = cr.NetworkClassifier(layers, optimizer=cr.RMSprop(0.01), epochs=3, random_state=0).fit(X, y)
    assert classifier.network_.architecture.layers[:3] == tuple(layers)
    assert classifier.network_.optimizer == cr.RMSprop(0.01)
    no_hidden = small(hidden=()).fit(X, y)
    assert [type(layer).__name__ for layer in no_hidden.network_.architecture.layers] == ["Columns"]
    assert small(hidden=(), recipe="plain").fit(*blobs()).network_.architecture.sizes == "2-3"
    assert small(hidden=5, recipe="plain").fit(*blobs()).network_.architecture.sizes == "2-5-3"


def test_rates_decay_and_schedules():
    X, y = blobs()
    given = small(rate=cr.Step(0.1, 3), weight_decay=0.2).fit(X, y).network_.optimizer
    assert isinstance(given, cr.AdamW)
    assert (given.rate, given.weight_decay) == (cr.Step(0.1, 3), 0.2)
    named = small(optimizer="adamw", rate=0.3, weight_decay=0.4).fit(X, y).network_.optimizer
    assert (named.rate, named.weight_decay) == (0.3, 0.4)
    assert small(optimizer=cr.Adam(0.2), rate=None).fit(X, y).network_.optimizer == cr.Adam(0.2)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_the_same_seed_gives_the_same_bits(kind, recipe):
    X, y = problem(kind)
    state = np.random.RandomState
    for first, second in ((3, 3), (np.int64(3), 3), (state(3), state(3))):
        one, other = (small(kind, recipe=recipe, random_state=seed).fit(X, y) for seed in (first, second))
        np.testing.assert_array_equal(_predict(one, X), _predict(other, X))
    other = small(kind, recipe=recipe, random_state=4).fit(X, y)
    assert (_predict(one, X) != _predict(other, X)).any()
    assert (_predict(small(kind, random_state=None).fit(X, y), X) != _predict(one, X)).any()


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_engines_agree_and_threads_change_nothing(kind):
    X, y = problem(kind)
    by_numpy, by_machine = (small(kind, engine=engine).fit(X, y) for engine in ("reference", "compiled"))
    np.testing.assert_allclose(_predict(by_numpy, X), _predict(by_machine, X), rtol=1e-3)
    one_thread = small(kind, engine="compiled", threads=1).fit(X, y)
    np.testing.assert_array_equal(_predict(one_thread, X), _predict(by_machine, X))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_copies_predict_the_same(kind, copied):
    X, y = people_frame()
    y = y if kind == "classes" else np.arange(80.0)
    fitted = small(kind, ensemble=2).fit(X, y)
    twin = copied(fitted)
    np.testing.assert_array_equal(_predict(twin, X), _predict(fitted, X))
    assert twin.history_ == fitted.history_
    twin.partial_fit(X, y)


def test_a_part_is_set_aside_by_class():
    classes = np.array([0] * 50 + [1] * 10 + [2])
    training, aside = set_aside(61, 0.2, 3, classes)
    assert sorted([*training, *aside]) == list(range(61))
    assert np.bincount(classes[aside], minlength=3).tolist() == [10, 2, 0]
    assert (set_aside(61, 0.2, 3, classes)[1] == aside).all()
    assert (set_aside(61, 0.2, 4, classes)[1] != aside).any()
    assert len(set_aside(3, 0.9, 0)[0]) == 1


def test_the_best_epoch_is_kept_and_patience_ends():
    X, y = blobs(40)
    X_val, y_val = blobs(40, seed=3)
    y_val = (y_val + 1) % 3  # learning can only harm
    classifier = small(epochs=60).fit(X, y, X_val=X_val, y_val=y_val)
    history = classifier.history_
    assert history.epochs == 60
    assert history.best_epoch == int(np.argmin(history.validation_cost)) == 0
    assert classifier.validation_scores_ == [-cost for cost in history.validation_cost]
    held_out = np.eye(3)[y_val]
    raw = classifier.set_params(calibrate=False).fit(X, y, X_val=X_val, y_val=y_val).predict_proba(X_val)
    smoothed = -(0.9 * (held_out * np.log(raw)).sum(1) + 0.1 * np.log(raw).mean(1)).mean()
    assert smoothed == pytest.approx(min(history.validation_cost), rel=1e-4)
    patient = small(epochs=60, patience=4).fit(X, y, X_val=X_val, y_val=y_val)
    assert patient.n_iter_ == 5
    assert patient.history_.stopped == "no lower validation cost in 4 epochs"


def test_without_rows_to_validate_patience_watches_the_training_cost():
    X, y = blobs()
    classifier = small(recipe="plain", rate=0.0, epochs=50, patience=3).fit(X, y)
    assert classifier.history_.stopped == "no lower training cost in 3 epochs"


@pytest.mark.parametrize("scoring", ["accuracy", make_scorer(accuracy_score), lambda e, X, y: e.score(X, y)])
def test_a_scorer_chooses_the_epoch(scoring):
    X, y = people_frame()
    classifier = small(scoring=scoring, epochs=12, patience=9).fit(X, y)
    scores = classifier.validation_scores_
    assert len(scores) == classifier.n_iter_
    assert classifier.history_.best_epoch == int(np.argmax(scores))
    _, aside = set_aside(80, 0.2, 0, np.unique(y, return_inverse=True)[1])
    assert classifier.score(X[aside], np.array(y)[aside]) == pytest.approx(max(scores))


def test_patience_waits_for_a_better_score():
    classifier = small(scoring=lambda e, X, y: 0.0, patience=3, epochs=9).fit(*blobs())
    assert classifier.n_iter_ == 4
    assert classifier.history_.stopped == "no better score in 3 epochs"
    assert classifier.history_.best_epoch == 0


def test_a_scorer_sees_the_rows_of_the_kind_that_was_given_and_their_weights():
    pd = pytest.importorskip("pandas")
    seen = []

    def scorer(estimator, X, y, sample_weight=None):
        seen.append((X, y, sample_weight))
        return estimator.score(X, y, sample_weight)

    X, y = line()
    frame = pd.DataFrame(X, columns=["a", "b"])
    small("numbers", scoring=scorer, epochs=2).fit(frame, y, sample_weight=np.arange(1.0, 61))
    rows, targets, weights = seen[-1]
    assert isinstance(rows, pd.DataFrame)
    np.testing.assert_array_equal(y[rows.index], targets)
    np.testing.assert_array_equal(rows.index + 1.0, weights)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_an_ensemble_is_the_mean_of_single_ones(kind, recipe):
    X, y = problem(kind)
    choice = {"recipe": recipe, "validation_fraction": 0.0}
    ensemble = small(kind, ensemble=3, **choice).fit(X, y)
    single = [small(kind, random_state=seed_of(0, number), **choice).fit(X, y) for number in range(3)]
    assert len(ensemble.networks_) == len(ensemble.histories_) == 3
    for net, one in zip(ensemble.networks_, single, strict=True):
        np.testing.assert_array_equal(net.vector, one.network_.vector)
    np.testing.assert_allclose(_predict(ensemble, X), np.mean([_predict(one, X) for one in single], axis=0), rtol=1e-6)


def test_the_best_of_several_starts_is_kept():
    X, y = blobs()
    choice = {"validation_fraction": 0.0, "dropout": 0.0, "epochs": 3}
    best = small(n_restarts=4, **choice).fit(X, y)
    single = [small(random_state=seed_of(0, number), **choice).fit(X, y) for number in range(4)]
    costs = [one.network_.loss(one._inputs(X), y) for one in single]
    np.testing.assert_array_equal(best.network_.vector, single[int(np.argmin(costs))].network_.vector)
    both = small(n_restarts=2, ensemble=2, scoring="neg_log_loss").fit(X, y)
    assert len(both.networks_) == 2
    assert both.history_.best_epoch == int(np.argmax(both.validation_scores_))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_warm_start_goes_on(recipe):
    X, y = line()
    choice = {"recipe": recipe, "optimizer": cr.GradientDescent(0.01), "rate": None, "batch_size": 60, "dropout": 0.0}
    whole = small("numbers", epochs=8, validation_fraction=0.0, **choice).fit(X, y)
    halves = small("numbers", epochs=4, validation_fraction=0.0, warm_start=True, **choice).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(whole.network_.vector, halves.network_.vector)
    cold = halves.set_params(warm_start=False).fit(X, y)
    assert (cold.network_.vector != whole.network_.vector).any()


def test_a_warm_start_keeps_the_rows_set_aside_and_takes_batches_in_a_new_order():
    X, y = blobs()
    seen = []

    def scorer(estimator, rows, targets):
        seen.append(rows)
        return 0.0

    warm = small(warm_start=True, random_state=None, scoring=scorer, epochs=1).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(*seen)
    twice = small(warm_start=True, rate=0.1, recipe="plain", epochs=1).fit(X, y)
    net = twice.network_.twin(0)
    net.vector[...] = twice.network_.vector
    optimizer = twice.network_.optimizer
    net.fit(X, y, optimizer=optimizer, epochs=1, batch_size=16)
    assert (twice.fit(X, y).network_.vector != net.vector).any()
    assert warm.n_iter_ == 1


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("kind", ["classes", "numbers"])
@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_partial_fit_is_training_on_the_same_batches(kind, recipe, engine):
    X, y = problem(kind)
    streaming = small(kind, recipe=recipe, batch_size=20, dropout=0.0, engine=engine)
    first = {"classes": [0, 1, 2]} if kind == "classes" else {}
    for start in range(0, 60, 20):
        streaming.partial_fit(X[start : start + 20], y[start : start + 20], **first)
        first = {}
    net = streaming.network_.twin(0)
    optimizer = streaming.network_.optimizer
    assert optimizer.rate == 0.02
    targets = streaming._target.encode(y)
    net.fit(streaming._inputs(X), targets, optimizer=optimizer, batch_size=20, epochs=1, shuffle=False, engine=engine)
    np.testing.assert_allclose(streaming.network_.vector, net.vector, atol=2e-6)
    assert streaming.n_iter_ == 1


def test_partial_fit_learns_and_follows_fit():
    X, y = blobs()
    classifier = small(ensemble=2)
    for _ in range(30):
        classifier.partial_fit(X, y, classes=[0, 1, 2])
    assert classifier.score(X, y) > 0.9
    before = classifier.fit(X, y).network_.vector.copy()
    assert (classifier.partial_fit(X, y).network_.vector != before).any()
    labels = np.column_stack([y == 0, y == 1]).astype(int)
    assert small().partial_fit(X, labels).predict(X).shape == (60, 2)


def test_max_seconds_ends_training():
    X, y = blobs()
    classifier = small(epochs=10**6, max_seconds=0.0).fit(X, y)
    assert classifier.n_iter_ == 1
    assert "seconds are over" in classifier.history_.stopped


def test_a_progress_bar_on_request(capsys):
    small(verbose=True).fit(*blobs())
    assert "training" in capsys.readouterr().err
    small().fit(*blobs())
    assert capsys.readouterr() == ("", "")


def test_workers_of_joblib_share_the_cores(monkeypatch):
    from chainrule.estimators.fitting import threads_of

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert (threads_of(None), threads_of(3)) == (1, 3)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads_of(None) is None


def test_a_score_that_is_no_number_is_the_worst():
    scores = iter([np.nan, -5.0, np.nan, -1.0, -2.0])
    classifier = small(scoring=lambda e, X, y: next(scores)).fit(*blobs())
    assert classifier.history_.best_epoch == 3
    assert np.isnan(classifier.validation_scores_[0])
    of_starts = iter([np.nan] * 2 + [-3.0] * 2)
    chosen = small(scoring=lambda e, X, y: next(of_starts), n_restarts=2, threads=1, epochs=2).fit(*blobs())
    assert chosen.validation_scores_ == [-3.0, -3.0]
