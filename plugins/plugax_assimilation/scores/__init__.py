"""The metrics of a cycle: errors against the truth, spread, innovations, ranks."""
