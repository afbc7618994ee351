"""What is recorded of a cycle: errors against the truth, spread, innovations, ranks."""
