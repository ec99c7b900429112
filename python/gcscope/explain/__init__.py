"""From what the core found to what a person reads: names, patterns, cuts."""
