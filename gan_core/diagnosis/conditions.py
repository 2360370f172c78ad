"""What can be wrong with a run: one registered condition each, the first that holds is named.

A condition reads vital signs and compares them with its thresholds, which are its knobs. It holds
when all of its rows trip, and abstains, with no rows, where its signs mean nothing. What moves
comes before what lies there: samples that sway cannot be judged by one look.
"""

from gan_core.diagnosis import balance, samples
from gan_core.diagnosis.condition import CONDITIONS, Condition, Evidence, Finding

__all__ = ["CONDITIONS", "Condition", "Evidence", "Finding", "balance", "samples"]
