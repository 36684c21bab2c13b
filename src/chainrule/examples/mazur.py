"""The step-by-step example with numbers: two inputs, two hidden units, two outputs."""

from __future__ import annotations

from chainrule.examples.claims import not_passed_between
from chainrule.examples.records import Claim, Example, Published

# The document counts weights unit by unit: w1 and w2 lead into h1, w3 and w4 into h2, and so on.
WEIGHTS = {"w1": [[0.15, 0.25], [0.20, 0.30]], "w2": [[0.40, 0.50], [0.45, 0.55]]}
ALIASES = {
    "x[n,0]": "i1",
    "x[n,1]": "i2",
    "w1[0,0]": "w1",
    "w1[1,0]": "w2",
    "w1[0,1]": "w3",
    "w1[1,1]": "w4",
    "w2[0,0]": "w5",
    "w2[1,0]": "w6",
    "w2[0,1]": "w7",
    "w2[1,1]": "w8",
    "z1[n,0]": "net_h1",
    "z1[n,1]": "net_h2",
    "a1[n,0]": "out_h1",
    "a1[n,1]": "out_h2",
    "z2[n,0]": "net_o1",
    "z2[n,1]": "net_o2",
    "y[n,0]": "out_o1",
    "y[n,1]": "out_o2",
    "t[n,0]": "target_o1",
    "t[n,1]": "target_o2",
}
SAMPLES = (((0.05, 0.10), (0.01, 0.99)),)

FORWARD = (
    Published("net_h1", "0.3775", "z1[0,0]"),
    Published("out_h1", "0.593269992", "a1[0,0]"),
    Published("out_h2", "0.596884378", "a1[0,1]"),
    Published("net_o1", "1.105905967", "z2[0,0]"),
    Published("out_o1", "0.75136507", "y[0,0]"),
    Published("out_o2", "0.772928465", "y[0,1]"),
    Published("E_o1", "0.274811083", "(t[0,0] - y[0,0])**2 / 2"),
    Published("E_o2", "0.023560026", "(t[0,1] - y[0,1])**2 / 2"),
    Published("E", "0.298371109", "E"),
    Published(
        "net_o1 in the exponent of out_o1",
        "1.1059059067",
        "z2[0,0]",
        exact="1.105905967",
        remark="a 0 too many",
    ),
)

BACKWARD = (
    Published("dE/dout_o1", "0.74136507", "d_y[0,0]"),
    Published("dout_o1/dnet_o1", "0.186815602", "y[0,0] * (1 - y[0,0])"),
    Published("dE/dw5", "0.082167041", "d_w2[0,0]"),
    Published(
        "dE/dw5, in the block that puts it all together",
        "0.000433568",
        "d_y[0,0] * y[0,0] * (1 - y[0,0]) * a1[0,0]",
        exact="0.082167041",
        remark="the block repeats the chain of w1",
    ),
    Published(
        "the product of the factors which that block shows",
        "0.000438568",
        "d_a1[0,0] * a1[0,0] * (1 - a1[0,0]) * x[0,0]",
    ),
    Published("dE/dnet_o1", "0.138498562", "d_z2[0,0]"),
    Published("dE_o1/dout_h1", "0.055399425", "d_z2[0,0] * w2[0,0]"),
    Published("dE_o2/dout_h1", "-0.019049119", "d_z2[0,1] * w2[0,1]", exact="-0.019049118258", remark="last digit"),
    Published(
        "dE_o2/dout_h1, in its sum with dE_o1/dout_h1",
        "-0.01904919",
        "d_z2[0,1] * w2[0,1]",
        exact="-0.019049118258",
        remark="a digit is lost",
    ),
    Published("dE/dout_h1", "0.036350306", "d_a1[0,0]"),
    Published("dout_h1/dnet_h1", "0.241300709", "a1[0,0] * (1 - a1[0,0])"),
    Published("dE/dw1", "0.000438568", "d_w1[0,0]"),
    Published(
        "the learning rate in the update of w1",
        "0.15",
        "rate",
        exact="0.5",
        remark="the weight stands in the rate's place; the result shown is right",
    ),
)

ONE_STEP = (
    Published("w5 after one step", "0.35891648", "w2[0,0]", updates=1),
    Published("w6 after one step", "0.408666186", "w2[1,0]", updates=1),
    Published("w7 after one step", "0.511301270", "w2[0,1]", updates=1),
    Published("w8 after one step", "0.561370121", "w2[1,1]", updates=1),
    Published("w1 after one step", "0.149780716", "w1[0,0]", updates=1),
    Published("w2 after one step", "0.19956143", "w1[1,0]", updates=1),
    Published("w3 after one step", "0.24975114", "w1[0,1]", updates=1),
    Published("w4 after one step", "0.29950229", "w1[1,1]", updates=1),
    Published("E after one step", "0.291027924", "E", updates=1, exact="0.2910277737", remark="7th digit"),
)


LATER = "passed between steps 10,002 and 10,003"
TEN_THOUSAND_STEPS = (
    Published("E after 10,000 steps", "0.000035085", "E", updates=10_000, exact="0.0000351019", remark=LATER),
    Published("out_o1 after 10,000 steps", "0.015912196", "y[0,0]", updates=10_000, exact="0.0159136204", remark=LATER),
    Published("out_o2 after 10,000 steps", "0.984065734", "y[0,1]", updates=10_000, exact="0.9840642735", remark=LATER),
)

MAZUR = Example(
    name="mazur",
    title="A step by step example with numbers (2-2-2)",
    source="A step-by-step backpropagation example with numbers, English and Chinese",
    conventions=(
        "One sample. The biases are never updated; each layer has one bias value for all its units. "
        "The cost is the sum over outputs of half the squared difference."
    ),
    sizes=(2, 2, 2),
    start={**WEIGHTS, "b1": 0.35, "b2": 0.60},
    samples=SAMPLES,
    epochs=10_000,
    bias="layer",
    train_bias=False,
    aliases={**ALIASES, "b1": "b1", "b2": "b2"},
    published=(*FORWARD, *BACKWARD, *ONE_STEP, *TEN_THOUSAND_STEPS),
    claims=(
        Claim(
            "figures printed for 10,000 steps that are not passed between steps 10,002 and 10,003",
            not_passed_between(10_002, 10_003, {item.value: item.figure for item in TEN_THOUSAND_STEPS}),
            limit=0,
        ),
    ),
    slips=(
        "The derivative of (t - o)²/2 is written with |t - o|, which has the wrong sign for o1 until "
        '"out - target" appears.',
    ),
)
