"""Asking a process that runs: what is asked, how it is answered, and the ways between the two."""
