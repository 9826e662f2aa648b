"""Prompts to sample from, and what is to be drawn for them: one at a time, without a batch and without a cache."""

import numpy as np
import torch

PROMPTS = [(1, 5, 6), (1, 9), (1, 7, 8, 9, 10, 11, 12, 13), (1, 4)]
KEYS = [(0, i) for i in range(len(PROMPTS))]


def one_by_one(model, prompt, key, place, tokens):
    """What `draw` promises, without a batch and without a cache; greedy where there is no key."""
    uniforms = np.random.Generator(np.random.PCG64([*key, place])).random(tokens) if key else None
    written = []
    while len(written) < tokens and 2 not in written:
        with torch.no_grad():
            logits = model.causal(input_ids=torch.tensor([[*prompt, *written]])).logits[0, -1].double()
        if uniforms is None:
            written.append(int(logits.argmax()))
        else:
            written.append(int((logits.softmax(-1).cumsum(-1) <= uniforms[len(written)]).sum()))
    return tuple(written)
