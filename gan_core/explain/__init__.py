"""Explanations of a run: recorded steps, gradients, losses, equilibrium, latent space.

For the pages How it works, Latent space and Reference. May import: everything but `storage` and
`cli`.
"""
