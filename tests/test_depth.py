"""Deep networks, and long sums, stay within Python's recursion."""

import numpy as np

import chainrule as cr


def test_two_hundred_layers_train_with_clipping_and_penalties():
    net = cr.Network(2, [cr.Dense(2, "relu") for _ in range(200)], penalties=[cr.L2(0.01)], dtype="float64")
    before = net.vector.copy()
    net.fit([[1.0, 2.0]], [[0.0, 1.0]], optimizer=cr.Adam(0.01, clip_norm=1.0), epochs=1)
    assert not np.array_equal(before, net.vector)


def test_clipping_of_many_parameters_is_by_their_norm_together():
    net = cr.Network(2, [cr.Dense(2) for _ in range(20)], dtype="float64")
    before, x, t = net.vector.copy(), [[1.0, 2.0]], [[30.0, -10.0]]
    gradient = np.concatenate([value.ravel() for value in net.gradients(x, t).values()])
    assert np.linalg.norm(gradient) > 0.5
    net.fit(x, t, optimizer=cr.GradientDescent(1.0, clip_norm=0.5), epochs=1)
    np.testing.assert_allclose(before - net.vector, 0.5 * gradient / np.linalg.norm(gradient), atol=1e-12)
