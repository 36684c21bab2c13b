"""Training with numbers and four C++ programs, each with its own small network."""

from __future__ import annotations

from typing import Any

from chainrule.examples.mazur import ALIASES, SAMPLES, WEIGHTS
from chainrule.examples.records import Example, Published

SOURCE = "How to train neural networks with backpropagation, with four C++ programs (demofox)"
CONVENTIONS = (
    "The cost is half the squared distance |target - actual|², the error the distance itself, both averaged "
    "over the samples; full batch. The programs compute in float32. Their CSV rows hold the values before "
    "the update."
)
STALLS = "float32 stalls: an update is smaller than the last digit of the weight"

ONE_UNIT: dict[str, Any] = {"w1": [[0.3]], "b1": [0.5]}
ONE_UNIT_NAMES = {"x[n,0]": "A", "w1[0,0]": "w", "b1[0]": "b", "z1[n,0]": "Z", "y[n,0]": "O"}

# The document writes weight[neuron][input], counted w0, w1, w2, w3: the transpose of what stands here.
TWO_UNITS: dict[str, Any] = {"w1": [[0.2, 0.6], [0.8, 0.4]], "b1": [0.5, 0.1]}
TWO_UNIT_NAMES = {
    "w1[0,0]": "w0",
    "w1[1,0]": "w1",
    "w1[0,1]": "w2",
    "w1[1,1]": "w3",
    "b1[0]": "b0",
    "b1[1]": "b1",
    "z1[n,0]": "Z0",
    "z1[n,1]": "Z1",
    "y[n,0]": "O0",
    "y[n,1]": "O1",
}

INTRO = Example(
    name="demofox-intro",
    title="One neuron with two inputs (2-1)",
    source=SOURCE,
    conventions="A figure of the forward pass alone: it names no target, and the 0 here is our own.",
    sizes=(2, 1),
    start={"w1": [[0.23], [-0.1]], "b1": [0.3]},
    samples=(((1.0, 0.0), (0.0,)),),
    epochs=1,
    aliases=ONE_UNIT_NAMES,
    published=(Published("Z", "0.53", "z1[0,0]"), Published("output", "0.6295", "y[0,0]")),
    slips=(
        "Further on, the document describes the backward difference as old minus new.",
        "It writes Z1 with input0 twice.",
    ),
)

FIRST = Example(
    name="demofox-1",
    title="Example 1: one neuron learns 1 -> 0 (1-1)",
    source=SOURCE,
    conventions=CONVENTIONS,
    sizes=(1, 1),
    start=ONE_UNIT,
    samples=(((1.0,), (0.0,)),),
    epochs=10_000,
    aliases=ONE_UNIT_NAMES,
    published=(
        Published("Z", "0.8", "z1[0,0]"),
        Published("O", "0.6900", "y[0,0]"),
        Published("cost", "0.238", "E"),
        Published("dCost/dO", "0.69", "d_y[0,0]"),
        Published("dO/dZ", "0.2139", "y[0,0] * (1 - y[0,0])"),
        Published("dCost/dWeight", "0.1476", "d_w1[0,0]"),
        Published("dCost/dBias", "0.1476", "d_b1[0]"),
        Published("weight after one update", "0.2262", "w1[0,0]", updates=1),
        Published("bias after one update", "0.4262", "b1[0]", updates=1),
        Published("O after one update", "0.6576", "y[0,0]", updates=1),
        Published("cost after one update", "0.2162", "E", updates=1),
        Published(
            "weight after 9,999 updates, in the last CSV row",
            "-2.564883",
            "w1[0,0]",
            updates=9_999,
            exact="-2.564884",
            remark="the file itself prints what float64 gives",
            dtype="float32",
        ),
        Published(
            "bias after 9,999 updates, in the last CSV row",
            "-2.364882",
            "b1[0]",
            updates=9_999,
            exact="-2.364884",
            dtype="float32",
        ),
        Published("cost after 10,000 updates", "0.000026", "E", updates=10_000),
        Published("error after 10,000 updates", "0.007176", "error", updates=10_000),
        Published("weight after 10,000 updates", "-2.564909", "w1[0,0]", updates=10_000),
        Published(
            "bias after 10,000 updates",
            "-2.364907",
            "b1[0]",
            updates=10_000,
            exact="-2.364909",
            dtype="float32",
        ),
        Published("output after 100,000 updates", "0.002246", "y[0,0]", updates=100_000),
        Published(
            "output after 1,000,000 updates",
            "0.000728",
            "y[0,0]",
            updates=1_000_000,
            exact="0.000708",
            remark=STALLS,
        ),
        Published("output after 1,000,000 updates", "0.000728", "y[0,0]", updates=1_000_000, dtype="float32"),
    ),
)

SECOND = Example(
    name="demofox-2",
    title="Example 2: one neuron learns 1 -> 0 and 0 -> 1 (1-1)",
    source=SOURCE,
    conventions=CONVENTIONS,
    sizes=(1, 1),
    start=ONE_UNIT,
    samples=(((1.0,), (0.0,)), ((0.0,), (1.0,))),
    epochs=100_000,
    aliases=ONE_UNIT_NAMES,
    published=(
        Published("averaged dCost/dWeight", "0.0738", "d_w1[0,0]"),
        Published("averaged dCost/dBias", "0.0294", "d_b1[0]"),
        Published("dCost/dWeight of sample 2 alone", "0.0", "N * d_z1[1,0] * x[1,0]"),
        Published("dCost/dBias of sample 2 alone", "-0.0887", "N * d_z1[1,0]"),
        Published("cost", "0.1547", "E"),
        Published("weight after one update", "0.2631", "w1[0,0]", updates=1),
        Published("bias after one update", "0.4853", "b1[0]", updates=1),
        Published("cost after one update", "0.1515", "E", updates=1),
        Published(
            "error after 99,999 updates",
            "0.007141",
            "error",
            updates=99_999,
            exact="0.007140",
            dtype="float32",
        ),
        Published(
            "weight after 99,999 updates",
            "-9.879733",
            "w1[0,0]",
            updates=99_999,
            exact="-9.880022",
            dtype="float32",
        ),
        Published(
            "bias after 99,999 updates",
            "4.837278",
            "b1[0]",
            updates=99_999,
            exact="4.837450",
            dtype="float32",
        ),
    ),
)

THIRD = Example(
    name="demofox-3",
    title="Example 3: two neurons, one sample (2-2)",
    source=SOURCE,
    conventions=CONVENTIONS,
    sizes=(2, 2),
    start=TWO_UNITS,
    samples=(((0.0, 1.0), (1.0, 0.0)),),
    epochs=20_000,
    aliases=TWO_UNIT_NAMES,
    published=(
        Published("Z0", "1.3", "z1[0,0]"),
        Published("Z1", "0.5", "z1[0,1]"),
        Published("O0", "0.7858", "y[0,0]"),
        Published("O1", "0.6225", "y[0,1]"),
        Published("cost", "0.2167", "E"),
        Published("dCost/dO0", "-0.2142", "d_y[0,0]"),
        Published("dCost/dO1", "0.6225", "d_y[0,1]"),
        Published("dO0/dZ0", "0.1683", "y[0,0] * (1 - y[0,0])"),
        Published("dO1/dZ1", "0.235", "y[0,1] * (1 - y[0,1])"),
        Published("dCost/dZ0", "-0.0360", "d_z1[0,0]"),
        Published("dCost/dZ1", "0.1463", "d_z1[0,1]"),
        Published("dCost/dw0", "0", "d_w1[0,0]"),
        Published("dCost/dw1", "-0.0360", "d_w1[1,0]"),
        Published("dCost/dw2", "0", "d_w1[0,1]"),
        Published("dCost/dw3", "0.1463", "d_w1[1,1]"),
        Published("w1 after one update", "0.818", "w1[1,0]", updates=1),
        Published("w3 after one update", "0.3269", "w1[1,1]", updates=1),
        Published("b0 after one update", "0.518", "b1[0]", updates=1),
        Published("b1 after one update", "0.0269", "b1[1]", updates=1),
        Published("cost after one update", "0.1943", "E", updates=1),
        Published("error after 20,000 updates", "0.007142", "error", updates=20_000),
    ),
)

THIRD_FOUR_SAMPLES = Example(
    name="demofox-3-four",
    title="Example 3: two neurons learn OR and AND from four samples (2-2)",
    source=SOURCE,
    conventions=CONVENTIONS,
    sizes=(2, 2),
    start=TWO_UNITS,
    samples=(
        ((0.0, 0.0), (0.0, 0.0)),
        ((0.0, 1.0), (1.0, 0.0)),
        ((1.0, 0.0), (1.0, 0.0)),
        ((1.0, 1.0), (1.0, 1.0)),
    ),
    epochs=520_000,
    aliases=TWO_UNIT_NAMES,
    published=(
        Published(
            "error after 520,000 updates",
            "0.007223",
            "error",
            updates=520_000,
            exact="0.007143",
            remark=STALLS,
        ),
        Published("error after 520,000 updates", "0.007223", "error", updates=520_000, dtype="float32"),
    ),
)

ONE_STEP_4 = (
    Published("w5 after one update", "0.3589", "w2[0,0]", updates=1),
    Published("bias of h1 after one update", "0.3456", "b1[0]", updates=1),
    Published("bias of h2 after one update", "0.345", "b1[1]", updates=1),
    Published("bias of o1 after one update", "0.5308", "b2[0]", updates=1),
    Published(
        "bias of o2 after one update",
        "0.6191",
        "b2[1]",
        updates=1,
        exact="0.6190491",
        remark="calculated from the rounded delta, -0.0381",
    ),
    Published("cost after one update", "0.2839", "E", updates=1, exact="0.2804714"),
)

FOURTH = Example(
    name="demofox-4",
    title="Example 4: a hidden layer, the network of mazur with trained biases (2-2-2)",
    source=SOURCE,
    conventions=CONVENTIONS + " Each unit has its own bias, and biases are updated.",
    sizes=(2, 2, 2),
    start={**WEIGHTS, "b1": [0.35, 0.35], "b2": [0.60, 0.60]},
    samples=SAMPLES,
    epochs=5_000,
    aliases=ALIASES,
    published=(
        Published("Z of h1", "0.3775", "z1[0,0]"),
        Published("Z of h2", "0.3925", "z1[0,1]"),
        Published("Z of o1", "1.106", "z2[0,0]"),
        Published("Z of o2", "1.225", "z2[0,1]"),
        Published("O of h1", "0.5933", "a1[0,0]"),
        Published("O of h2", "0.5969", "a1[0,1]"),
        Published("O of o1", "0.7514", "y[0,0]"),
        Published("O of o2", "0.7729", "y[0,1]"),
        Published("cost", "0.2984", "E"),
        Published("delta of o1", "0.1385", "d_z2[0,0]"),
        Published("delta of o2", "-0.0381", "d_z2[0,1]"),
        Published("dCost/dO of h1", "0.0364", "d_a1[0,0]"),
        Published("dCost/dO of h2", "0.0414", "d_a1[0,1]"),
        Published("delta of h1", "0.0088", "d_z1[0,0]"),
        Published("delta of h2", "0.01", "d_z1[0,1]"),
        Published("dCost/dw1", "0.0004", "d_w1[0,0]"),
        Published("dCost/dw2", "0.0009", "d_w1[1,0]"),
        Published("dCost/dw3", "0.0005", "d_w1[0,1]"),
        Published("dCost/dw4", "0.001", "d_w1[1,1]"),
        Published("dCost/dw5", "0.0822", "d_w2[0,0]"),
        Published("dCost/dw6", "0.0827", "d_w2[1,0]"),
        Published("dCost/dw7", "-0.0226", "d_w2[0,1]"),
        Published("dCost/dw8", "-0.0227", "d_w2[1,1]"),
        *ONE_STEP_4,
        Published("error at step 3,945", "0.007157", "error", updates=3_945),
        Published("error after 4,999 updates, in the last CSV row", "0.005549", "error", updates=4_999),
        Published(
            "error after 5,000 updates",
            "0.007157",
            "error",
            updates=5_000,
            exact="0.005548",
            remark="reached at step 3,945",
        ),
    ),
)

DEMOFOX = (INTRO, FIRST, SECOND, THIRD, THIRD_FOUR_SAMPLES, FOURTH)
