"""The command line: `python -m gan_core train | runs | digest | evaluate | sample | …`.

The topmost room: may import everything in `gan_core`; nothing imports it.
"""
