"""Compiled operations for the CPU, built on the machine that runs them; without a compiler the engine uses torch's."""
