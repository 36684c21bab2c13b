"""JAX: all steps of a training in one jitted scan, the data on the device.

As variant "steps" one jitted call for each step: Python's part is then paid at each, but what a scan costs is not.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from protocol import ADAM_RATE, BETA_1, BETA_2, EPSILON, Problem, serve


def loss(weights, x, t):
    value = x
    for k in range(0, len(weights) - 2, 2):
        value = jax.nn.relu(value @ weights[k] + weights[k + 1])
    return -(t * jax.nn.log_softmax(value @ weights[-2] + weights[-1])).sum(axis=1).mean()


def step(state, batch):
    weights, first, second, count = state
    gradients = jax.grad(loss)(weights, *batch)
    count = count + 1
    first = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, second, gradients)
    one, two = 1 - BETA_1**count, 1 - BETA_2**count
    weights = jax.tree.map(
        lambda w, m, v: w - ADAM_RATE * (m / one) / (jnp.sqrt(v / two) + EPSILON), weights, first, second
    )
    return (weights, first, second, count), None


@partial(jax.jit, static_argnums=2, donate_argnums=0)
def train_in_one(state, data, epochs):
    return jax.lax.scan(lambda state, _: jax.lax.scan(step, state, data), state, None, length=epochs)[0]


@partial(jax.jit, donate_argnums=0)
def train_one_step(state, batch):
    return step(state, batch)[0]


class Jax:
    def __init__(self, problem: Problem, options):
        self.problem, self.variant = problem, options.variant
        self.data = tuple(jax.device_put(problem.split(array)) for array in (problem.x, problem.t))
        self.batches = list(zip(*self.data, strict=True))

    def restart(self) -> None:
        weights = [jnp.array(array) for array in self.problem.weights]
        zeros = [[jnp.zeros_like(array) for array in weights] for _ in range(2)]
        self.state = jax.block_until_ready((weights, *zeros, jnp.zeros((), jnp.float32)))

    def train(self, steps: int) -> None:
        epochs = steps // self.problem.batches
        if self.variant == "steps":
            for _ in range(epochs):
                for batch in self.batches:
                    self.state = train_one_step(self.state, batch)
        else:
            self.state = train_in_one(self.state, self.data, epochs)
        jax.block_until_ready(self.state)

    def weights(self):
        return [np.asarray(array) for array in self.state[0]]


if __name__ == "__main__":
    serve(Jax)
