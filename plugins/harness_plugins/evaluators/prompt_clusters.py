"""Prompts that are about the same things, by k-means on TF-IDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import harness
from harness.digest import digest
from harness_plugins.evaluators.prompts import shown

NAMING_WORDS = 3
"""Of each cluster, the words with the largest mean weight."""


def prompt_clusters(prompts: Sequence[harness.Prompt], clusters: int) -> list[str]:
    """Per prompt, the name of its cluster: its top words. The seed is fixed, and the order of prompts decides nothing.

    None are made, and the list is empty, where there are fewer than two different prompts for every cluster, or fewer
    that differ in other than the commonest English words than clusters.

    Source: scikit-learn's TfidfVectorizer and KMeans.

    Args:
        prompts: items may share them; each counts once.
        clusters: at least 2.
    """
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    distinct = sorted(set(prompts), key=digest)
    if len(distinct) < 2 * clusters:
        return []
    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    texts = [shown(prompt) for prompt in distinct]
    words_of = vectorizer.build_analyzer()
    if len({tuple(words_of(text)) for text in texts} - {()}) < clusters:
        return []
    means: Any = KMeans  # its stubs are wrong about n_init
    found = means(clusters, n_init=10, random_state=0).fit(vectorizer.fit_transform(texts))
    words = vectorizer.get_feature_names_out()
    names = [", ".join(words[centre.argsort()[::-1][:NAMING_WORDS]]) for centre in found.cluster_centers_]
    unique = [name if names.index(name) == i else f"{name} ({i + 1})" for i, name in enumerate(names)]
    place = {prompt: unique[label] for prompt, label in zip(distinct, found.labels_, strict=True)}
    return [place[prompt] for prompt in prompts]
