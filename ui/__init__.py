"""The dashboard between the numbers of `gan_core` and the words of the pages.

Its rooms from bottom to top: `components` and `figures`; `run`; `session`; `live` and `sidebar`;
`views` and `lessons`. A room imports only rooms below it. `page_setup` begins every page.
"""
