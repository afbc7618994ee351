"""The particle filter: weights, resampling, and scores of weighted members."""
