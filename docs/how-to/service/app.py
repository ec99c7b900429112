"""A shop that leaks in three ways."""

import os

from flask import Flask, request

app = Flask(__name__)


class Order:
    """What one customer wants."""

    def __init__(self, number):
        self.number = number
        self.lines = [f"line {line} of order {number}" for line in range(20)]
        self.failure = None


class Listener:
    """Somebody who wants to hear of new orders."""

    def __init__(self, session):
        self.session = session
        self.inbox = []


class Feed:
    """All who want to."""

    def __init__(self):
        self.listeners = []


FEED = Feed()
PAGES = {}


def charge(order):
    """Take the money, which fails."""
    raise ValueError(f"no money for order {order.number}")


@app.post("/orders/<int:number>")
def place_order(number):
    """Leave a ring: the order, its failure, the traceback, and the frame that has the order."""
    order = Order(number)
    try:
        charge(order)
    except ValueError as error:
        order.failure = error
    return {"worker": os.getpid(), "failure": str(order.failure)}


@app.get("/page")
def page():
    """Let a cache grow: each session has a page of its own."""
    key = request.full_path
    if key not in PAGES:
        PAGES[key] = f"the page for {key}\n" * 100
    return {"worker": os.getpid(), "length": len(PAGES[key])}


@app.get("/events/<session>")
def events(session):
    """Let a list grow: nobody takes a listener out again."""
    FEED.listeners.append(Listener(session))
    return {"worker": os.getpid()}
