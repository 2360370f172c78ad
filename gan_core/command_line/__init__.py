"""The parts of `python -m gan_core`: what it is asked for, and how it trains and tells."""
