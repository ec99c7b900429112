"""No automatic collection for a while, and none that is switched off."""

from gcscope._core import Lease as Lease
