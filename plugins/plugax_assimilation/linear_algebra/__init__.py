"""Small matrices: random rotations, factors and roots, the gain."""
