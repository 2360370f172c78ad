"""The panels under the live grids of pictures; each file has a function `show`.

May import `ui.session`, `ui.run`, `ui.figures`, `ui.components` and `ui.markdown`.
"""
