"""What a run needs, told before it is run: memory, time, files."""
