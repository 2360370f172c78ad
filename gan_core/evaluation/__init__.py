"""How good a generator is: frozen generators, feature extractors, metrics and their report.

May import: `networks`, `data`, `runtime` and the parts of an experiment.
"""
