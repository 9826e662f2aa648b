"""A process to be killed that begins as a copy of this one, so that nothing is imported anew."""

import multiprocessing
import threading

import torch
from tqdm.auto import tqdm
from tqdm.std import tqdm as plain_tqdm


def _alone(target, args):
    torch.set_num_threads(1)  # or threads that a fork does not have are waited for
    _lock_bars_alone()
    target(*args)


def _lock_bars_alone():
    """Progress bars share a lock with forks, and who is killed with it never gives it back: take one of our own."""
    lock = threading.RLock()
    for bar in (plain_tqdm, tqdm, *plain_tqdm.__subclasses__()):
        bar.set_lock(lock)


def forked(target, *args):
    """The process, started."""
    _lock_bars_alone()
    process = multiprocessing.get_context("fork").Process(target=_alone, args=(target, args))
    process.start()
    return process
