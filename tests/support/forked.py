"""A process to be killed that begins as a copy of this one, so that nothing is imported anew."""

import multiprocessing

import torch


def _alone(target, args):
    torch.set_num_threads(1)  # or threads that a fork does not have are waited for
    target(*args)


def forked(target, *args):
    """The process, started."""
    process = multiprocessing.get_context("fork").Process(target=_alone, args=(target, args))
    process.start()
    return process
