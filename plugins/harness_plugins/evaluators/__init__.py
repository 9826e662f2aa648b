"""What judges a trained policy, one evaluator a file."""
