"""The sidebar of a page with a run: the widgets of its set-up, and its uploads.

May import `ui.session` and `ui.run`.
"""
