"""What is asked for: a problem and a solver, how long, what is kept, which members are stopped."""
