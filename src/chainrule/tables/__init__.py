"""Tables in files to arrays for a network, and the network's outputs back to a column.

    frame = tables.read("iris.csv")
    frame, target = tables.recognise_target(frame, "species")
    encoder = tables.TableEncoder.fit(frame, target)      # the training rows only
    x, t = encoder.inputs(frame), encoder.targets(frame)

A fitted encoder is plain data (`to_dict`, `from_dict`): a model file holds it as JSON.
"""

from chainrule.tables.columns import Category, Date, Number
from chainrule.tables.encoder import TableEncoder
from chainrule.tables.reading import read
from chainrule.tables.targets import Classes, Quantity, recognise_target

__all__ = ["Category", "Classes", "Date", "Number", "Quantity", "TableEncoder", "read", "recognise_target"]
