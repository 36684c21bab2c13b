"""scikit-learn's MLPClassifier without its penalty and its stops."""

import warnings

from protocol import ADAM_RATE, Problem, serve
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

_NEVER = 10**9


class ScikitLearn:
    def __init__(self, problem: Problem, options):
        self.problem = problem
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is meant
        *hidden, _ = (len(bias) for _, bias in problem.layers)
        self.model = MLPClassifier(
            hidden,
            alpha=0,
            batch_size=problem.batch,
            learning_rate_init=ADAM_RATE,
            shuffle=False,
            tol=0,
            n_iter_no_change=_NEVER,
            max_iter=1,
            warm_start=True,
        )
        self.targets = problem.t.astype(int)
        self.model.fit(problem.x, self.targets)
        # Given a column for each class, it takes several labels to be meant and ends in logistic units; two classes in
        # one column would be a single logistic unit. All contestants end in a softmax over the classes.
        self.model.out_activation_ = "softmax"

    def restart(self) -> None:
        self.model.coefs_ = [weight.copy() for weight, _ in self.problem.layers]
        self.model.intercepts_ = [bias.copy() for _, bias in self.problem.layers]

    def train(self, steps: int) -> None:
        self.model.max_iter = steps // self.problem.batches
        self.model.fit(self.problem.x, self.targets)

    def weights(self):
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]


if __name__ == "__main__":
    serve(ScikitLearn)
