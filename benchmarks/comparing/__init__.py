"""The parts of benchmarks/versus.py: what is compared, how it is measured, and the page that says so."""

import sys
from pathlib import Path

# The contestants stand apart, for they run in other environments too; problems are written with their code.
PEERS = Path(__file__).parents[1] / "peers"
sys.path.insert(0, str(PEERS))
