"""chainrule's compiled engine."""

from protocol import ADAM_RATE, Problem, serve

import chainrule as cr
from chainrule.examples import EXAMPLES, network


class Chainrule:
    def __init__(self, problem: Problem, options):
        self.problem = problem
        settings = {"engine": "compiled", "threads": options.threads, "log_every": 10**9, "progress": False}
        if problem.example:
            self.net, _, _ = network(problem.example, "float32")
            self.settings = {**settings, **EXAMPLES[problem.example].fit_settings()}
        else:
            self.net = self.network_like()
            adam = cr.Adam(ADAM_RATE)
            self.settings = {**settings, "optimizer": adam, "batch_size": problem.batch, "shuffle": False}

    def network_like(self) -> cr.Network:
        *hidden, last = (len(bias) for _, bias in self.problem.layers)
        layers = [*(cr.Dense(units, "relu") for units in hidden), cr.Dense(last, "softmax")]
        return cr.Network(self.problem.x.shape[1], layers, loss="cross_entropy")

    def restart(self) -> None:
        self.net.set_parameters(dict(zip(self.net.parameters, self.problem.weights, strict=True)))

    def train(self, steps: int) -> None:
        self.net.fit(self.problem.x, self.problem.t, epochs=steps // self.problem.batches, **self.settings)

    def weights(self):
        return list(self.net.parameters.values())


if __name__ == "__main__":
    serve(Chainrule)
