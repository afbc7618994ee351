"""What checks are made of: claims, comparisons, differences, and one precision or the other."""
