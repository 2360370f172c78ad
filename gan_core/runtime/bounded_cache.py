"""A cache that all sessions of the process share, with a limited number of values."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any


class BoundedCache:
    """The newest `most` values by their keys; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._max_items = most
        self._lock = threading.Lock()
        self._values: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any) -> Any:
        """Return the value of `key`, or None."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: Any, value: Any) -> None:
        """Store a value; the oldest one is removed if there are too many."""
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._max_items:
                self._values.popitem(last=False)
