"""Numbers per response that are computed once and read by many rows, one kind a file."""
