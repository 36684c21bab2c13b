"""Further slips: paths, penalties, updates and their states, the forward pass, and rounding."""

from __future__ import annotations

from chainrule.diagnosis import cost_changes as cost
from chainrule.diagnosis import fitted_changes as fitted
from chainrule.diagnosis import forward_changes as forward
from chainrule.diagnosis import gradient_changes as gradients
from chainrule.diagnosis import learning_changes as learning
from chainrule.diagnosis import path_changes as paths
from chainrule.diagnosis import slope_changes as slopes
from chainrule.diagnosis.slip import Slip

OTHERS = (
    Slip(
        "one_path",
        "only one path summed for a hidden unit",
        "A hidden unit reaches the cost through every unit of the next layer; the paths are added up.",
        paths.one_path,
    ),
    Slip(
        "weights_left_out",
        "deltas handed back without the weights",
        "What comes back to a hidden unit is each delta of the next layer times the weight between them.",
        paths.weights_left_out,
    ),
    Slip(
        "one_sample",
        "the gradients of one sample only",
        "The cost runs over all samples of the batch, and so do its gradients.",
        gradients.one_sample,
    ),
    Slip(
        "penalty_missing",
        "the penalty missing",
        "A penalty is part of the cost, and adds its own derivative to the gradient of each weight.",
        gradients.penalty_missing,
    ),
    Slip(
        "penalty_on_biases",
        "the penalty on biases too",
        "Penalties are on weights alone; biases do not make a function steep.",
        gradients.penalty_on_biases,
    ),
    Slip(
        "penalty_scaled",
        "the penalty doubled, halved, or averaged over the samples",
        "L2 adds half its strength times the squares, so that its derivative is strength times w, for any batch.",
        gradients.penalty_scaled,
    ),
    Slip(
        "another_rate",
        "another learning rate: {value}",
        "The learning rate of this network's update is another one.",
        fitted.another_rate,
        alone=True,
    ),
    Slip(
        "rate_twice",
        "the learning rate multiplied on twice",
        "The learning rate is a factor of the step, once.",
        learning.rate_twice,
    ),
    Slip(
        "rate_left_out",
        "the learning rate left out",
        "The learning rate is a factor of the step.",
        learning.rate_left_out,
    ),
    Slip(
        "rate_and_batch",
        "the learning rate divided or multiplied by the number of samples",
        "What the cost says of sum or mean is in the gradient already; the rate is applied as it is.",
        learning.rate_and_batch,
    ),
    Slip(
        "accumulated",
        "gradients added to those of the step before",
        "Each step has its own gradients: set them to zero before the backward pass.",
        learning.accumulated,
    ),
    Slip(
        "momentum_sign",
        "momentum with the wrong sign",
        "What is kept of the step before points the same way as before.",
        learning.momentum_sign,
    ),
    Slip(
        "stale_state",
        "the step taken with the velocity of the step before",
        "The velocity or average is brought up to date first, and the step is taken with the new one.",
        learning.stale_state,
    ),
    Slip(
        "state_not_kept",
        "velocity or averages not kept from step to step",
        "The optimiser's state goes on from step to step, and is 0 only at the start.",
        learning.state_not_kept,
    ),
    Slip(
        "momentum_damped",
        "the gradient scaled by 1 - momentum",
        "Here the velocity is momentum times the old one minus rate times the gradient, not a running mean.",
        learning.momentum_damped,
    ),
    Slip(
        "uncorrected",
        "Adam without bias correction",
        "The averages start at 0 and are too small at first: divide them by 1 - beta**step.",
        learning.uncorrected,
    ),
    Slip(
        "steps_miscounted",
        "the steps of the bias correction counted from another number, or not at all",
        "The first update is step 1, and each one adds 1. Counted from 0 the first would divide by 0.",
        learning.steps_miscounted,
    ),
    Slip(
        "epsilon_in_root",
        "epsilon inside the root",
        "Here epsilon is added to the root, not under it.",
        learning.epsilon_in_root,
    ),
    Slip(
        "root_left_out",
        "the root of the mean square left out",
        "The step is divided by the root of the average of the squares.",
        learning.root_left_out,
    ),
    Slip(
        "betas_exchanged",
        "the two betas exchanged",
        "beta1 belongs to the average of the gradient, beta2 to that of its square.",
        learning.betas_exchanged,
    ),
    Slip(
        "average_unscaled",
        "a running average without the factor 1 - beta",
        "What is new comes in with the factor 1 - beta, so that the factors add up to 1.",
        learning.average_unscaled,
    ),
    Slip(
        "average_exchanged",
        "the two factors of a running average exchanged",
        "Most of the old average is kept, and a small part of the new gradient comes in.",
        learning.average_exchanged,
    ),
    Slip(
        "square_left_out",
        "the average of the squares taken without the square",
        "The second average is that of the squares: it is never below 0, and has a root.",
        learning.square_left_out,
    ),
    Slip(
        "dropout_unscaled",
        "dropout not scaled",
        "What is kept is divided by the probability of keeping it, forward and backward, so that the mean stays.",
        forward.dropout_unscaled,
    ),
    Slip(
        "dropout_backward",
        "dropout left out on the way back",
        "What was dropped in the forward pass gets no derivative, and what was kept gets its factor.",
        forward.dropout_backward,
    ),
    Slip(
        "bias_missing",
        "the bias left out of the weighted input",
        "The weighted input is the sum over the inputs and the bias.",
        forward.bias_missing,
    ),
    Slip(
        "activation_missing",
        "the activation left out",
        "The weighted input passes through the activation before it goes on.",
        forward.activation_missing,
    ),
    Slip(
        "activation_function",
        "another activation",
        "The layer has another activation in this network.",
        forward.activation_function,
    ),
    Slip(
        "sigmoid_sign",
        "a sign in the sigmoid",
        "The sigmoid is 1 / (1 + e**-z).",
        forward.sigmoid_sign,
    ),
    Slip(
        "softmax_axis",
        "the softmax taken over the samples or over the whole array",
        "The outputs of each sample add up to 1: the sum runs over the units, for each sample alone.",
        forward.softmax_axis,
    ),
    Slip(
        "log_base",
        "a logarithm of another base in the cost",
        "The logarithm of the cost is the natural one; that of base 2 or 10 is another by a factor.",
        cost.log_base,
    ),
    Slip(
        "weights_ignored",
        "sample weights left out",
        "Each sample counts by its weight, and the mean divides by the sum of the weights.",
        cost.weights_ignored,
    ),
    Slip(
        "slope_twice",
        "the derivative of the activation multiplied on twice",
        "A delta has the derivative of its activation as a factor once.",
        slopes.slope_twice,
    ),
    Slip(
        "slope_in_part",
        "one factor of the derivative of the activation left out, or its sign turned",
        "The derivative of the sigmoid is a (1 - a), both factors together.",
        slopes.slope_in_part,
    ),
    Slip(
        "slope_of_layer",
        "the derivative of the activation taken at the values of another layer",
        "Each delta takes the derivative at the values of its own layer.",
        slopes.slope_of_layer,
    ),
    Slip(
        "statistics_constant",
        "the mean or variance of a normalisation taken for a constant",
        "Mean and variance depend on the values too, and hand part of the derivative back to them.",
        paths.statistics_constant,
    ),
    Slip(
        "path_left_out",
        "one of several ways to the cost left out",
        "A value that is used in several places gets the sum of what comes back from each.",
        paths.path_left_out,
    ),
    Slip(
        "all_errors",
        "the errors of all outputs added up",
        "Each output has its own error; they meet only in the sums of the layer before.",
        cost.all_errors,
    ),
    Slip(
        "running_sum",
        "the sum for a hidden unit begun with that of the unit before",
        "Set the sum to 0 before the paths of the next unit are added up.",
        paths.running_sum,
    ),
    Slip(
        "deltas_kept",
        "the list of deltas never emptied between layers",
        "The sum for a hidden unit takes the deltas of the next layer only, each with its own weight.",
        paths.deltas_kept,
    ),
    Slip(
        "all_weights",
        "one weight's gradient summed over all units",
        "A weight w[i,j] acts through its own unit j and on its own input i; other units have no part in its gradient.",
        gradients.all_weights,
    ),
    Slip(
        "in_place",
        "weights set to 0 in place by the backward pass",
        "A second name for an array is no copy: what is written through it changes the weights themselves.",
        learning.in_place,
    ),
    Slip(
        "stale_activations",
        "hidden units not computed again after the update",
        "Each step needs a whole forward pass with the new weights.",
        forward.stale_activations,
    ),
    Slip(
        "rounded",
        "intermediate results rounded",
        "Calculate with all digits and round only what is printed.",
        learning.rounded,
        alone=True,
    ),
    Slip(
        "float32",
        "rounding to float32",
        "float32 holds some 7 digits; differences of this size are no mistake.",
        learning.in_float32,
        alone=True,
        near=True,
    ),
)
