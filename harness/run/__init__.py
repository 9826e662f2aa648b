"""One run of a suite: what it needs of the world, its plan, its steps one after the other, its manifest and board."""
