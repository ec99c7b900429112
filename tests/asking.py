"""Asking a process that listens, for tests: here, and in processes that they start."""

import os

import gcscope
from gcscope.live.dialogue import ask_by_socket
from gcscope.live.request import NoAnswer, Request
from gcscope.model.header import read_file


def ask(path, timeout=20, **what):
    """Ask over a socket; the record and its header."""
    request = Request(gcscope=gcscope.__version__, identity=os.urandom(8).hex(), **what)
    return read_file(ask_by_socket(path, request, timeout))


def answers(path):
    """Which process answers at a socket."""
    while True:
        try:
            return ask(path)[1].pid
        except NoAnswer as error:  # it is there, and about to listen
            if "no process listens" not in str(error):
                raise
