"""A data set's own splits as ours, so that no prompt that is evaluated on was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from harness.examples import Split
from harness_plugins.sources.rows.drawing import Parted, Shares
from harness_plugins.sources.rows.load import Loaded

ALSO_HELD_OUT: Mapping[Split, str] = {
    "test": "prompt also in the test split",
    "validation": "prompt also in the validation split",
}


def parted(loaded: Loaded, splits: Mapping[str, Split], shares: Shares) -> Parted:
    """Every example in a split. What the data set does not hold out itself is held out of its training split.

    Args:
        loaded: all examples.
        splits: per file, the split that the data set has it in.
        shares: by which prompts of the training split are held out.
    """
    own = set(splits.values())
    of_train = Shares(
        0.0 if "test" in own else shares.test, 0.0 if "validation" in own else shares.validation, shares.seed
    )
    said: list[Split] = [splits[file] for file in loaded.files]
    held: dict[Split, set[str]] = {
        split: {prompt for prompt, at in zip(loaded.prompts, said, strict=True) if at == split}
        for split in ALSO_HELD_OUT
    }
    left_out = Counter[str]()

    def place(prompt: str, at: Split) -> Split | None:
        for split, reason in ALSO_HELD_OUT.items():
            if at == split:
                return at
            if prompt in held[split]:
                left_out[reason] += 1
                return None
        return of_train.place(prompt)

    places: list[Split | None] = [place(prompt, at) for prompt, at in zip(loaded.prompts, said, strict=True)]
    return Parted(loaded, places, left_out, shares.seed)
