"""The process and its machine: device, threads, memory, files, long work in slices, settings.

Nothing here knows about GANs. May import: nothing else of `gan_core`.
"""
