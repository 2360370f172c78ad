"""The live part of a page: controls, messages, the fragment that draws and trains, the doctor.

May import `ui.session`, `ui.run`, `ui.components` and `ui.markdown`.
"""
