"""Optimisers of every kind, for property tests."""

import chainrule as cr

OPTIMIZERS = (
    cr.GradientDescent(0.3),
    cr.GradientDescent(0.3, bias_rate=0.1),
    cr.Momentum(0.1),
    cr.Nesterov(0.1),
    cr.Adagrad(0.1),
    cr.RMSprop(0.01),
    cr.Adam(0.01),
    cr.AdamW(0.01),
    cr.Adam(0.01, clip_norm=0.5),
)
