"""Results that several sessions of one process can use, in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any


class BoundedCache:
    """The newest few values by their keys, for every session of the process."""

    def __init__(self, most: int) -> None:
        self._max_items = most
        self._lock = threading.Lock()
        self._values: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any) -> Any:
        """Return the value of `key`, or None."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: Any, value: Any) -> None:
        """Keep a value; the oldest one may go."""
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._max_items:
                self._values.popitem(last=False)
