"""Models, tokens, the exact scorer, the sampler and the one trainer. The only part of the host that loads torch."""
