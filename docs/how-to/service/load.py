"""Send requests to the shop from outside: python load.py URL [REQUESTS [THREADS]].

A third of them are orders, a third ask for a page, a third listen. Prints how many requests each
worker has answered.
"""

import json
import socket
import sys
import threading
import time
import urllib.request
from collections import Counter
from itertools import count
from urllib.parse import urlsplit


def requests(url, numbers):
    """Yield one request after the other."""
    for number in numbers:
        yield urllib.request.Request(f"{url}/orders/{number}", method="POST")
        yield urllib.request.Request(f"{url}/page?session={number}")
        yield urllib.request.Request(f"{url}/events/{number}")


def wait_for(url):
    """Wait until somebody listens, for some seconds."""
    parts = urlsplit(url)
    for _ in range(100):
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=30).close()
            return
        except OSError:
            time.sleep(0.1)


def main(url, most="300", threads="4"):
    """Send them, by several threads at once."""
    wait_for(url)
    answered, lock = Counter(), threading.Lock()
    numbers, left = count(), iter(range(int(most)))

    def send():
        for request in requests(url, numbers):
            with lock:
                if next(left, None) is None:
                    return
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    worker = f"worker {json.load(answer)['worker']}"
            except OSError as error:
                print(f"no answer: {error}")
                return
            with lock:
                answered[worker] += 1

    senders = [threading.Thread(target=send) for _ in range(int(threads))]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    for worker, n in sorted(answered.items()):
        print(f"{worker}: {n} requests")


if __name__ == "__main__":
    main(*sys.argv[1:])
