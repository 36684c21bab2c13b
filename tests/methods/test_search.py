"""What searches propose, step by step, against what their words say."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError
from chainrule.methods import Genetic, Perturbation
from chainrule.methods.gradients import generator
from chainrule.methods.search import Breeding, RandomPerturbation

HERE = np.array([0.5, -1.0, 2.0])
SEED, STEP = 3, 7


def change(size=0.1, step=STEP):
    return size * generator(SEED, step).standard_normal(3)


class Costs:
    """Says in turn what trials cost, and notes them."""

    def __init__(self, *costs):
        self.left, self.tried = list(costs), []

    def __call__(self, members):
        self.tried += list(members)
        return np.array([self.left.pop(0) for _ in members])


def test_a_change_that_helps_is_kept_and_nothing_else_is_tried():
    costs = Costs(0.9)
    kept = RandomPerturbation(Perturbation(), SEED).improve(HERE, 1.0, costs, STEP)
    np.testing.assert_array_equal(kept, HERE + change())
    assert len(costs.tried) == 1


@pytest.mark.parametrize(("second", "sign"), [(0.9, -1), (1.0, 0)])
def test_the_other_direction_is_the_mirror_image(second, sign):
    costs = Costs(1.1, second)
    kept = RandomPerturbation(Perturbation(), SEED).improve(HERE, 1.0, costs, STEP)
    np.testing.assert_array_equal(costs.tried, [HERE + change(), HERE - change()])
    np.testing.assert_array_equal(kept, HERE + sign * change())


def test_smaller_steps_follow_one_that_does_not_help_and_larger_ones_one_that_does():
    search = RandomPerturbation(Perturbation(otherwise="smaller_step"), SEED)
    costs = Costs(1.1, 1.1, 0.9, 1.1)
    for step in range(1, 5):
        search.improve(HERE, 1.0, costs, step)
    sizes = [0.1, 0.1 * 0.9, 0.1 * 0.9**2, 0.1 * 0.9**2 / 0.9**4]
    expected = [HERE + change(size, step) for step, size in enumerate(sizes, start=1)]
    np.testing.assert_allclose(costs.tried, expected, rtol=1e-12)


def test_nothing_follows_where_nothing_is_to_follow():
    search = RandomPerturbation(Perturbation(otherwise="nothing"), SEED)
    costs = Costs(1.1, 1.1)
    assert search.improve(HERE, 1.0, costs, 1) is HERE
    search.improve(HERE, 1.0, costs, 2)
    np.testing.assert_array_equal(costs.tried, [HERE + change(step=1), HERE + change(step=2)])


def breeding(repeats=True, **settings):
    return Breeding(Genetic(**{"population": 40, **settings}), SEED, repeats)


def children(found=None, **settings):
    """Return the children of members 0 to 39, each of whose 50 weights are its number."""
    members = np.repeat(np.arange(40.0)[:, None], 50, axis=1)
    found = np.arange(40.0) if found is None else found
    return breeding(**settings).children(np.random.default_rng(0), members, found)


def test_without_mutation_each_weight_is_one_of_two_parents():
    bred = children(mutation=0.0, crossover=1.0)
    assert bred.shape == (38, 50)
    assert np.isin(bred, np.arange(40)).all()
    different = [len(set(child)) for child in bred.tolist()]
    assert max(different) == 2
    assert np.mean([count == 2 for count in different]) > 0.8
    assert abs(np.mean([(child == child[0]).mean() for child in bred if len(set(child.tolist())) == 2]) - 0.5) < 0.1


def test_without_crossover_each_child_is_one_parent():
    assert all(len(set(child)) == 1 for child in children(mutation=0.0, crossover=0.0).tolist())


def test_mutation_changes_its_share_of_the_weights_by_its_size():
    bred = children(mutation=0.25, size=0.01, crossover=0.0)
    differs = bred - np.round(bred)
    assert np.mean(differs != 0) == pytest.approx(0.25, abs=0.03)
    assert np.std(differs[differs != 0]) == pytest.approx(0.01, rel=0.1)


def test_parents_win_tournaments():
    cheap_last = np.arange(40.0)[::-1].copy()
    for tournament, mean in ((1, 19.5), (3, 39 - 9.5), (39, 38.6)):
        bred = children(cheap_last, mutation=0.0, crossover=0.0, tournament=tournament)
        assert np.mean(bred) == pytest.approx(mean, abs=4), tournament


def test_the_elite_lives_on_as_it_is_and_is_evaluated_where_its_cost_may_change():
    for repeats, evaluated in ((True, 38), (False, 39)):
        search, costs = breeding(repeats), []

        def cost_of(members, costs=costs):
            costs.append(len(members))
            return (members**2).sum(axis=1)

        here, cost = HERE, float((HERE**2).sum())
        for step in range(1, 4):
            before = None if search.members is None else search.members[:2].copy()
            here = search.improve(here, cost, cost_of, step)
            assert (here**2).sum() <= cost
            cost = float((here**2).sum())
            assert before is None or any((search.members[:2] == before[0]).all(axis=1)) or cost < (before[0] ** 2).sum()
        assert costs == [39, evaluated, evaluated]
        first, second = (search.members[:2] ** 2).sum(axis=1)
        assert first <= second
        assert not np.array_equal(search.members[0], search.members[1])


def test_the_first_members_are_spread_around_the_weights():
    search = breeding(spread=0.2, population=4000, elite=1)
    seen = []
    search.improve(HERE, 0.0, lambda members: seen.append(members) or np.ones(len(members)), 1)
    assert np.std(seen[0] - HERE) == pytest.approx(0.2, rel=0.05)
    np.testing.assert_allclose(seen[0].mean(axis=0), HERE, atol=0.02)


@pytest.mark.parametrize(
    "method", [cr.methods.EvolutionStrategies(pairs=10**9), Genetic(population=10**9)], ids=lambda method: method.name
)
def test_a_population_that_cannot_be_held_is_refused(method):
    net = cr.Network(2, [cr.Dense(1)])
    with pytest.raises(InputError, match=r"members of 3 weights are .* numbers; at most 100,000,000 are held"):
        net.fit([[0, 1]], [1], method=method, epochs=1)
