"""Sends requests at a steady rate, whatever becomes of them, and counts what each is answered.

Standard library only, and one file: it is also run on hosts. On stdin, as JSON: ``seconds``,
``rate`` (requests a second, the targets in turn), ``ca`` (or null) and ``targets``, each with
``name``, ``url``, ``headers`` and ``body``; ``{n}`` in a header or body is a number of its own.
On stdout, as JSON: name → status, or the name of the exception → how often.
"""

from __future__ import annotations

import collections
import itertools
import json
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

PATIENCE = 2.0
"""Seconds for one answer: a lost region gives none."""
AT_ONCE = 60
"""Twenty a second for as long as the patience lasts, and some more."""


class Knocker:
    def __init__(self, ca: str | None) -> None:
        self.seen: dict[str, collections.Counter[str]] = collections.defaultdict(
            collections.Counter
        )
        self._lock = threading.Lock()
        self._trust = ssl.create_default_context(cafile=ca)
        # asked by address: DNS leads elsewhere by now
        self._trust.check_hostname = False

    def knock(self, target: dict, number: int) -> None:
        answer = self._ask(target, number)
        with self._lock:
            self.seen[target["name"]][answer] += 1

    def _ask(self, target: dict, number: int) -> str:
        def own(text: str) -> str:
            return text.replace("{n}", str(number))

        headers = {"Content-Type": "application/json"}
        headers |= {name: own(value) for name, value in target["headers"].items()}
        body = own(json.dumps(target["body"])).encode()
        request = urllib.request.Request(target["url"], body, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE, context=self._trust) as answer:
                return str(answer.status)
        except urllib.error.HTTPError as error:
            return str(error.code)
        except OSError as error:
            return type(getattr(error, "reason", error)).__name__


def knock(asked: dict) -> dict[str, dict[str, int]]:
    """Run ``asked`` to its end."""
    knocker = Knocker(asked["ca"])
    begun, first = time.monotonic(), time.time_ns()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for index, target in enumerate(itertools.cycle(asked["targets"])):
            due = index / asked["rate"]
            if due > asked["seconds"]:
                break
            time.sleep(max(0.0, begun + due - time.monotonic()))
            pool.submit(knocker.knock, target, first + index)
    return {name: dict(found) for name, found in knocker.seen.items()}


if __name__ == "__main__":
    print(json.dumps(knock(json.load(sys.stdin))))
