"""Print the folder."""

import os

print(os.path.dirname(os.path.abspath(__file__)))
