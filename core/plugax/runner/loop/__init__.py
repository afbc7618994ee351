"""The compiled loop, and the host's side of it: chunk by chunk, and what is done between two."""
