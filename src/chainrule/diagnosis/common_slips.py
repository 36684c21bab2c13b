"""The slips made most often: the error, its factors, slopes, and gradients of weights and biases."""

from __future__ import annotations

from chainrule.diagnosis import cost_changes as cost
from chainrule.diagnosis import gradient_changes as gradients
from chainrule.diagnosis import learning_changes as learning
from chainrule.diagnosis import path_changes as paths
from chainrule.diagnosis import slope_changes as slopes
from chainrule.diagnosis.slip import Slip

COMMON = (
    Slip(
        "sign",
        "the sign of the error",
        "The derivative of the cost by the output is output minus target; its sign decides which way every step goes.",
        cost.negated_error,
    ),
    Slip(
        "swapped",
        "target and output exchanged",
        "The cost measures the output y against the target t; in each other's place they give another slope.",
        cost.swapped_target,
    ),
    Slip(
        "ascent",
        "the gradient added instead of subtracted",
        "The gradient points uphill; a step that makes the cost smaller goes against it.",
        learning.ascent,
    ),
    Slip(
        "half",
        "the factor 1/2 of the squared error missing or doubled",
        "Deriving the square gives a factor 2; with a 1/2 in the cost they cancel, without one the 2 stays.",
        cost.half,
    ),
    Slip(
        "batch_sum",
        "summed over the batch where the mean belongs",
        "The cost here is the mean over the samples, so that its derivative is divided by their number N.",
        cost.batch_sum,
    ),
    Slip(
        "batch_mean",
        "the mean over the batch where the sum belongs",
        "The cost here is the sum over the samples; nothing is divided by their number.",
        cost.batch_mean,
    ),
    Slip(
        "late_mean",
        "the mean over the batch taken in the gradients of the weights",
        "The gradients of weights and biases are right, but a delta here is the derivative of the mean cost and is "
        "divided by N already.",
        cost.late_mean,
    ),
    Slip(
        "batch_twice",
        "divided by the number of samples twice",
        "The mean over the samples is part of the cost; its 1/N reaches every gradient through the chain rule, once.",
        cost.batch_twice,
    ),
    Slip(
        "outputs_mean",
        "divided by the number of outputs",
        "The cost of a sample sums over its outputs; a mean over all elements divides by the outputs too.",
        cost.outputs_mean,
    ),
    Slip(
        "slope_missing",
        "the derivative of the activation missing",
        "On the way from an activation to its weighted input the chain rule multiplies by the activation's derivative.",
        slopes.slope_missing,
    ),
    Slip(
        "slope_at_output",
        "the derivative of the activation taken at its output",
        "The derivative belongs at the weighted input z. Of the activation a it is written with another formula.",
        slopes.slope_at_output,
    ),
    Slip(
        "slope_at_input",
        "a formula for the output of the activation used on its input",
        "A formula such as a (1 - a) or 1 - a**2 takes the activation a, not the weighted input z.",
        slopes.slope_at_input,
    ),
    Slip(
        "slope_of_another",
        "the derivative of another activation",
        "Each activation has its own derivative.",
        slopes.slope_of_another,
    ),
    Slip(
        "slope_square",
        "the square in the derivative of the activation left out",
        "The derivative of tanh is 1 - a**2, with a square.",
        slopes.slope_square,
    ),
    Slip(
        "slope_plus",
        "a plus for the minus in the derivative of the activation",
        "The derivative of tanh is 1 - a**2, and that of the sigmoid a (1 - a).",
        slopes.slope_plus,
    ),
    Slip(
        "extra_slope",
        "the derivative of the last activation multiplied on where it has cancelled",
        "With cross-entropy the derivative of sigmoid or softmax cancels: what is left by the weighted input is y - t.",
        slopes.extra_slope,
    ),
    Slip(
        "softmax_diagonal",
        "only the diagonal of the softmax's derivatives",
        "Each output of a softmax depends on every weighted input, so that the sum runs over all outputs.",
        slopes.softmax_diagonal,
    ),
    Slip(
        "updated_weights",
        "weights already updated used for the deltas of earlier layers",
        "All gradients of a step belong to the weights of the forward pass; update only when all of them are there.",
        learning.updated_weights,
    ),
    Slip(
        "transposed",
        "a matrix of weights transposed",
        "w[i,j] leads from unit i to unit j: forward the sum runs over i, backward over j.",
        paths.transposed,
    ),
    Slip(
        "bias_input",
        "the gradient of the bias multiplied by the input",
        "The bias is the weight of an input that is always 1: its gradient is the delta alone, once.",
        gradients.bias_input,
    ),
    Slip(
        "bias_batch",
        "the gradient of the bias not summed over the batch",
        "The bias acts on every sample, so that its gradient sums the deltas of all of them.",
        gradients.bias_batch,
    ),
    Slip(
        "bias_frozen",
        "biases not updated",
        "Biases are parameters of this network, and learn like weights.",
        learning.bias_frozen,
    ),
    Slip(
        "bias_trained",
        "biases updated that should stay",
        "The biases of this layer are frozen: they have a gradient but no update.",
        learning.bias_trained,
    ),
    Slip(
        "bias_shared",
        "one bias for the layer taken for one a unit, or the reverse",
        "Where units share a bias its gradient sums over them; where each has its own it is the unit's delta alone.",
        gradients.bias_shared,
    ),
    Slip(
        "wrong_input",
        "the gradient of a weight with the values of another layer",
        "The gradient of w[i,j] is the delta of unit j times the value that came in from unit i in the forward pass.",
        gradients.wrong_input,
    ),
    Slip(
        "input_left_out",
        "the gradient of a weight without its input",
        "The gradient of w[i,j] is the delta of unit j times the value that came in from unit i.",
        gradients.input_left_out,
    ),
    Slip(
        "delta_without_slope",
        "the gradients of a layer taken before the derivative of its activation",
        "Weights and biases act on the weighted input: the derivative by it, not by the activation, is their delta.",
        slopes.delta_without_slope,
    ),
)
