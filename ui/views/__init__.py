"""The contents of the pages: a file for each, and `panels` under the grids of pictures.

May import `ui.live`, `ui.session`, `ui.run`, `ui.figures`, `ui.components`, `ui.markdown` and
`ui.pages_table`.
"""
