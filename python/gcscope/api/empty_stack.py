"""A program runs as if nothing stood on the stack below it."""

from gcscope._core import EmptyStack as EmptyStack
