"""What a run shows to somebody who wants to understand it: recorded steps, gradients, equilibrium.

For the pages How it works, Latent space and Reference. May import: everything but `storage` and
`cli`.
"""
