"""What stands between the numbers of `gan_core` and the words of the pages."""

import gc


def _import_core() -> None:
    """Import `gan_core` without collecting garbage: there is none, and looking for it takes 0.7 s."""
    gc.disable()
    try:
        import gan_core  # noqa: F401
    finally:
        gc.enable()


_import_core()
