"""The worked examples of published documents: their networks, their figures, and where they are wrong.

>>> from chainrule import examples
>>> rows = examples.run("mazur")
>>> sorted({row.verdict.value for row in rows})
['agrees', 'erratum']
"""

from chainrule.examples.records import Claim, Example, Published, Row, Setup, Verdict
from chainrule.examples.running import EXAMPLES, network, run

__all__ = ["EXAMPLES", "Claim", "Example", "Published", "Row", "Setup", "Verdict", "network", "run"]
