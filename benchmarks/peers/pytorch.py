"""PyTorch: eager with its fused Adam; as variant "compile" with forward pass and loss through torch.compile."""

import torch
from protocol import ADAM_RATE, Problem, serve
from torch.nn import Linear, ReLU, Sequential
from torch.nn.functional import cross_entropy


class PyTorch:
    def __init__(self, problem: Problem, options):
        self.problem = problem
        self.linear = [Linear(*weight.shape) for weight, _ in problem.layers]
        between = [module for linear in self.linear for module in (linear, ReLU())][:-1]
        self.model = Sequential(*between)
        labels = torch.from_numpy(problem.split(problem.t.argmax(axis=1)))
        self.data = list(zip(torch.from_numpy(problem.split(problem.x)), labels, strict=True))
        self.loss = torch.compile(self.loss_of) if options.variant == "compile" else self.loss_of

    def loss_of(self, x, labels):
        return cross_entropy(self.model(x), labels)

    def restart(self) -> None:
        with torch.no_grad():
            for linear, (weight, bias) in zip(self.linear, self.problem.layers, strict=True):
                linear.weight.copy_(torch.from_numpy(weight.T))
                linear.bias.copy_(torch.from_numpy(bias))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=ADAM_RATE, fused=True)

    def train(self, steps: int) -> None:
        for _ in range(steps // self.problem.batches):
            for x, labels in self.data:
                self.optimizer.zero_grad(set_to_none=True)
                self.loss(x, labels).backward()
                self.optimizer.step()

    def weights(self):
        arrays = []
        for linear in self.linear:
            arrays += [linear.weight.detach().numpy().T, linear.bias.detach().numpy()]
        return arrays


if __name__ == "__main__":
    serve(PyTorch)
