"""The version of the distribution, and of the engine whose numbers records hold."""

__version__ = "0.1.0"

ENGINE = 3
"""Raised whenever the trainer, the scorer or the sampler may give other numbers for the same inputs: old steps then
stay addressable and new ones are computed anew."""
