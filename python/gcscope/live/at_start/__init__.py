"""The folder for PYTHONPATH by which GCSCOPE_LISTEN=1 lets an unchanged program listen.

`python -m gcscope.live.at_start` prints it.
"""
