"""The documents that print no numbers: their networks with start values of our own, and what they claim."""

from __future__ import annotations

from chainrule.examples.claims import (
    MU,
    difference,
    equal_units,
    first_layer_as_printed,
    first_layer_by_paths,
    miss_after_training,
    momentum_by_hand,
    one_epoch_by_hand,
    update_rule,
)
from chainrule.examples.records import Claim, Example

OWN_START = "The document gives no numbers: start values, samples and rates are our own."

CREATIVEGP = Example(
    name="creativegp",
    title="Neurons as objects (3-3-3-2)",
    source="Explain backpropagation like I'm five (creativegp)",
    conventions=(
        "The weights change after each sample, in order; biases have a learning rate of their own. "
        f"The cost is half the squared difference, summed over the outputs. {OWN_START}"
    ),
    sizes=(3, 3, 3, 2),
    start={
        "w1": [[0.5, -1.1, 0.8], [-0.9, 0.4, 1.2], [1.3, 0.7, -0.6]],
        "b1": [0.1, -0.2, 0.3],
        "w2": [[0.9, -0.7, 1.1], [-1.2, 0.6, 0.4], [0.3, 1.4, -0.8]],
        "b2": [-0.1, 0.2, -0.3],
        "w3": [[1.0, -0.5], [-0.8, 1.2], [0.6, -1.1]],
        "b3": [0.2, -0.1],
    },
    samples=(
        ((0.9, 0.1, 0.4), (0.2, 0.7)),
        ((0.1, 0.8, 0.3), (0.9, 0.3)),
        ((0.5, 0.5, 1.0), (0.4, 0.1)),
    ),
    epochs=4_000,
    rate=1.0,
    bias_rate=0.5,
    batch_size=1,
    claims=(
        Claim("farthest output from its target after all epochs", miss_after_training, limit=0.02),
        Claim("one epoch, unit by unit, against every weight and bias", one_epoch_by_hand),
        Claim(
            "outputs of hidden units by the printed sigmoid",
            difference("a1", "1 / (1 - exp(-z1))"),
            erratum=True,
            remark="printed 1 / (1 - e^-x); right: 1 / (1 + e^-x)",
        ),
        Claim(
            "dE/db by the printed rule for biases",
            difference("d_b1", "d_w1[0]"),
            erratum=True,
            remark="the rule takes the dE/dw of a weight",
        ),
    ),
    slips=(
        "The listing updates the bias inside the loop over incoming weights, multiplied by each input; "
        "right: once, by the delta alone.",
        "It computes the deltas of a layer with the already updated weights of the next one; right: the "
        "weights of the forward pass.",
        "It never clears the list of the next layer's deltas between layers, and the sum for a hidden "
        "unit starts from that of the unit before.",
        "A neuron whose value is exactly 0 counts as not computed yet, and forcing a recalculation does "
        "not reach hidden layers.",
    ),
)

SCROLL = Example(
    name="scroll",
    title="The scrolling visual explanation (1-2-2-1)",
    source="Backpropagation algorithm, a visual explanation by scrolling",
    conventions=f"E = (y - t)²/2 for one output; x is a node's total input, y its output. {OWN_START}",
    sizes=(1, 2, 2, 1),
    start={
        "w1": [[0.6, -0.4]],
        "b1": [0.1, 0.2],
        "w2": [[0.5, -0.3], [0.8, 0.7]],
        "b2": [-0.2, 0.1],
        "w3": [[0.9], [-0.6]],
        "b3": [0.3],
    },
    samples=(((0.7,), (0.2,)),),
    epochs=1_000,
    aliases={
        "z1[n,0]": "x2",
        "z1[n,1]": "x3",
        "a1[n,0]": "y2",
        "a1[n,1]": "y3",
        "z2[n,0]": "x4",
        "z2[n,1]": "x5",
        "a2[n,0]": "y4",
        "a2[n,1]": "y5",
        "z3[n,0]": "x6",
        "y[n,0]": "y6",
    },
    claims=(
        Claim("dE/dy = y - t at the output", difference("d_y", "y - t")),
        Claim("dE/dx = f'(x) dE/dy at the output", difference("d_z3", "exp(-z3) / (1 + exp(-z3))**2 * d_y")),
        Claim("dE/dw_ij = y_i dE/dx_j into the output", difference("d_w3", "a2[0, :, None] * d_z3[0]")),
        Claim("dE/dy_i = sum_j w_ij dE/dx_j, second layer", difference("d_a2[0]", "w3[:, 0] * d_z3[0, 0]")),
        Claim("dE/dx = f'(x) dE/dy, second layer", difference("d_z2", "exp(-z2) / (1 + exp(-z2))**2 * d_a2")),
        Claim("dE/dw_ij = y_i dE/dx_j, second layer", difference("d_w2", "a1[0, :, None] * d_z2[0]")),
        Claim(
            "dE/dy_i = sum_j w_ij dE/dx_j, first layer",
            difference("d_a1[0]", "w2[:, 0] * d_z2[0, 0] + w2[:, 1] * d_z2[0, 1]"),
        ),
        Claim("dE/dx = f'(x) dE/dy, first layer", difference("d_z1", "exp(-z1) / (1 + exp(-z1))**2 * d_a1")),
        Claim("dE/dw_ij = y_i dE/dx_j, first layer", difference("d_w1", "x[0, :, None] * d_z1[0]")),
        Claim("w = w - alpha dE/dw, every weight and bias", update_rule),
    ),
)

ROHAN_LENNY = Example(
    name="rohan-lenny",
    title="Do you know the chain rule? (3-3-3-1)",
    source="Do you know the chain rule? (rohan-lenny)",
    conventions=(
        "y are the outputs of the first hidden layer, z those of the second, p is the prediction, a the "
        f"answer, J = (p - a)²/2. {OWN_START}"
    ),
    sizes=(3, 3, 3, 1),
    start={
        "w1": [[0.2, -0.5, 0.9], [0.7, 0.3, -0.8], [-0.4, 1.0, 0.6]],
        "b1": [0.1, -0.3, 0.2],
        "w2": [[-0.6, 0.8, 0.4], [1.1, -0.2, 0.5], [0.3, 0.9, -0.7]],
        "b2": [0.0, 0.2, -0.1],
        "w3": [[0.8], [-1.2], [0.5]],
        "b3": [0.1],
    },
    samples=(((0.5, -1.0, 2.0), (1.0,)),),
    epochs=200,
    aliases={
        "a1[n,0]": "y1",
        "a1[n,1]": "y2",
        "a1[n,2]": "y3",
        "a2[n,0]": "z1",
        "a2[n,1]": "z2",
        "a2[n,2]": "z3",
        "y[n,0]": "p",
        "t[n,0]": "a",
    },
    claims=(
        Claim("dJ/dw1[i,j] along its own y_j and x_i, all 9 weights", first_layer_by_paths),
        Claim(
            "dJ/dw1[i,j] by the printed formula",
            first_layer_as_printed,
            erratum=True,
            remark="it sums over all y_j and all x_i",
        ),
        Claim("units that start from equal weights stay equal", equal_units),
        Claim(f"V := mu V - alpha dJ/dW, W := W + V with mu = {MU}", momentum_by_hand),
    ),
    slips=(
        "The derivation of S' has a sign slip in an exponent, which the authors note.",
        "The listing zeroes entries of W in place through an alias (`output_wrt_inputs = self.W`): its "
        "backward pass destroys weights.",
        "It passes gradients as an (m x n) matrix to be summed by rows, which for a one-dimensional "
        "gradient adds up the errors of all outputs.",
        "It calls tanh's values probabilities in the range 0 to 1; they lie between -1 and 1.",
    ),
)

UNNUMBERED = (CREATIVEGP, SCROLL, ROHAN_LENNY)
