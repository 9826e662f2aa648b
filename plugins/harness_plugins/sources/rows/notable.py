"""What is worth counting about an example that is kept."""

from __future__ import annotations

from collections.abc import Iterator

from harness.examples import Example

EMPTY = "empty responses"
TIE = "exact ties"
MINORITY = "chosen has under half of the votes"
WORSE = "chosen scored below rejected"
REPEATED = "repeated candidates"


def notable(example: Example) -> Iterator[str]:
    """Each of the names above that applies, once an example. A response of white space only counts as empty."""
    said = [response.text for response in example.responses]
    shares = [pair.share for pair in example.pairs if pair.share is not None]
    rewards = [(example.responses[p.chosen].reward, example.responses[p.rejected].reward) for p in example.pairs]
    if not all(text.strip() for text in said):
        yield EMPTY
    if any(share == 0.5 for share in shares):
        yield TIE
    if any(share < 0.5 for share in shares):
        yield MINORITY
    if any(a is not None and b is not None and a < b for a, b in rewards):
        yield WORSE
    if len(set(said)) < len(said):
        yield REPEATED
