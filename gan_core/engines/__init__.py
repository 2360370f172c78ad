"""What carries out a training step: as it is written, compiled, or as one graph of a GPU."""
