"""The bare matrix products of a step, by NumPy and its BLAS: what a step would take that did nothing else.

For each layer the forward product, the gradient of the weights, and (but for the first) that of its inputs.
"""

import numpy as np
from protocol import Problem, serve


class Products:
    def __init__(self, problem: Problem, options):
        self.problem = problem
        rng = np.random.default_rng(0)
        self.products = []
        rows = problem.split(problem.x)[0]
        for number, (weight, _) in enumerate(problem.layers):
            outputs = np.empty((problem.batch, weight.shape[1]), np.float32)
            back = rng.normal(size=outputs.shape).astype(np.float32)
            self.products += [(rows, weight, outputs), (rows.T, back, np.empty_like(weight))]
            if number:
                self.products.append((back, weight.T, np.empty_like(rows)))
            rows = back  # stands for the activations as well: the values do not matter

    def restart(self) -> None:
        pass

    def train(self, steps: int) -> None:
        for _ in range(steps):
            for left, right, out in self.products:
                np.matmul(left, right, out=out)

    def weights(self):
        return []


if __name__ == "__main__":
    serve(Products)
