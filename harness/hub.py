"""Repositories of the Hugging Face Hub: a revision resolved to a commit once, and files of that commit in the cache.

The cache is that of `huggingface_hub` (HF_HOME), so what another program fetched is used, and HF_HUB_OFFLINE is
honoured. Files of a commit never change; once they are in the cache, the Hub is not asked for them again.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias

from harness.errors import HarnessError

Kind: TypeAlias = Literal["model", "dataset"]

NOUNS: dict[Kind, str] = {"model": "model", "dataset": "data set"}


@dataclass(frozen=True)
class Repository:
    """A model or a data set at one commit."""

    kind: Kind
    name: str
    """Its id, such as org/name."""
    commit: str
    """Forty hexadecimal digits."""

    def paths(self) -> tuple[str, ...]:
        """All files of the repository at this commit, sorted.

        Where the list was never fetched and the Hub cannot be asked, these are the files that the cache has.

        Raises:
            HubError: neither is there.
        """
        listed = self._listed()
        if listed is None:
            folder = self._download(["README.md"])  # the list comes with it
            listed = self._listed() or [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        return tuple(sorted(listed))

    def fetch(self, paths: Sequence[str]) -> Path:
        """A folder that holds these files of this commit, at least one; the Hub is asked only for missing ones.

        Raises:
            HubError: they cannot be had.
        """
        from huggingface_hub import try_to_load_from_cache

        cached = [try_to_load_from_cache(self.name, path, repo_type=self.kind, revision=self.commit) for path in paths]
        first = cached[0]
        if isinstance(first, str) and all(isinstance(found, str) for found in cached):
            return Path(first).parents[len(PurePosixPath(paths[0]).parts) - 1]
        return self._download(paths)

    def _download(self, paths: Sequence[str]) -> Path:
        from huggingface_hub import snapshot_download

        wanted = [glob.escape(path) for path in paths]
        try:
            return Path(snapshot_download(self.name, repo_type=self.kind, revision=self.commit, allow_patterns=wanted))
        except Exception as error:
            raise _explained(error, self.kind, self.name, self.commit) from error

    def _listed(self) -> list[str] | None:
        from huggingface_hub import get_cached_repo_tree
        from huggingface_hub.errors import CachedRepoTreeNotFoundError

        try:
            found = get_cached_repo_tree(self.name, repo_type=self.kind, revision=self.commit)
        except CachedRepoTreeNotFoundError:
            return None
        return [file.path for file in found]


class HubError(HarnessError):
    """A repository, a revision of it or its files cannot be had."""


def repository(kind: Kind, name: str, revision: str | None) -> Repository:
    """A repository at the commit that a revision means now. Asked once per process, so that a run sees one commit.

    Offline, the commit that the revision meant when it was last asked for.

    Args:
        kind: what it holds.
        name: its id.
        revision: a commit, a branch or a tag; None for the newest commit of the main branch.

    Raises:
        HubError: it is not there, may not be read, or is not in the cache where the Hub cannot be asked.
    """
    return _repository(kind, name, revision, *_place())


@cache
def _repository(kind: Kind, name: str, revision: str | None, _endpoint: str, _cache: str) -> Repository:
    from huggingface_hub import HfApi, constants

    try:
        found = HfApi().resolve_revision(
            name, repo_type=kind, revision=revision, local_files_only=constants.is_offline_mode()
        )
    except Exception as error:
        raise _explained(error, kind, name, revision) from error
    return Repository(kind, name, found.resolved)


def _place() -> tuple[str, str]:
    """Which Hub is asked, and where its cache lies."""
    from huggingface_hub import constants

    return constants.ENDPOINT, constants.HF_HUB_CACHE


def _explained(error: Exception, kind: Kind, name: str, revision: str | None) -> HubError:
    """What is wrong, and what to do about it; see `huggingface_hub.errors`."""
    from huggingface_hub import constants, errors

    what = f"{NOUNS[kind]} {name!r}"
    page = f"{constants.ENDPOINT}/{'datasets/' if kind == 'dataset' else ''}{name}"
    status = _status(error)
    if isinstance(error, errors.HFValidationError):
        return HubError(f"{name!r} is no id on the Hub: {first_line(error)}", fix="write it as on the Hub: org/name")
    if isinstance(error, errors.GatedRepoError):
        return HubError(
            f"the {what} is gated: the Hub gives it only to accounts that its owners let in",
            fix=f"ask for access or accept its terms at {page}, then log in with `hf auth login` or set HF_TOKEN",
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return HubError(
            f"the {what} has no revision {revision!r}", fix=f"name a commit, a branch or a tag listed at {page}"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return HubError(
            f"the Hub has no {what}, or it is private",
            fix="check the name; where it is private, log in with `hf auth login` or set HF_TOKEN",
        )
    if status in {401, 403}:
        return HubError(
            f"the Hub does not let this account read the {what}: {first_line(error)}",
            fix=f"log in with `hf auth login` or set HF_TOKEN to a token that may read {page}",
        )
    missing = f"the {what}{f' at revision {revision!r}' if revision else ''} is not in the cache, or not all of it"
    if constants.is_offline_mode():
        return HubError(
            f"{missing}, and HF_HUB_OFFLINE forbids to ask the Hub",
            fix=f"unset HF_HUB_OFFLINE once to fetch it, or set HF_HOME to a cache that has it ({constants.HF_HOME})",
        )
    if isinstance(error, errors.LocalEntryNotFoundError | errors.RevisionResolutionError) or _no_answer(error):
        reason = first_line(error.__cause__ or error)
        return HubError(
            f"{missing}, and the Hub cannot be reached: {reason}",
            fix="check the network, HF_ENDPOINT and proxies, or set HF_HOME to a cache that has it",
        )
    return HubError(f"the {what} cannot be had from the Hub: {first_line(error)}", fix=f"look at {page}")


def _status(error: Exception) -> int | None:
    """The status of the Hub's answer, if it answered."""
    return getattr(getattr(error, "response", None), "status_code", None)


def _no_answer(error: Exception) -> bool:
    return isinstance(error, ConnectionError | TimeoutError) or type(error).__module__.startswith("http")


def first_line(error: Any) -> str:
    """The first line of what an error says, else its kind."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
