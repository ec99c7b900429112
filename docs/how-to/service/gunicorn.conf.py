"""Two workers of the shop, in which the collector runs rarely."""

import gc

bind = "127.0.0.1:8000"
workers = 2


def post_fork(server, worker):
    """Let a worker pause less often: rings wait the longer, and the process grows."""
    gc.set_threshold(50_000, 50, 50)
