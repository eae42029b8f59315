"""The ledgers: what third parties know was promised, held against what the rebuilt shop still has.

It decides which promises are missing; whether that is too many is the report's to say, so a reading
with losses is DONE. A reading that could not be made is an error, and the achieved RPO unknown. It
refuses to guess: a promise counts as kept only if the shop, asked by its id, says that it knows it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import ModuleType

import httpx

from drkit.adapters.resolving import client, transport
from drkit.checking.customer import JourneyBroken, arrive
from drkit.checking.promise import Promise
from drkit.checking.site import site_of
from drkit.errors import DrkitError, StepError
from drkit.model.outcome import Outcome, State
from drkit.model.step import LedgerWork, Route
from drkit.ports import Context, Progress


class ProviderBooks:
    """The books of one provider, read over HTTPS by the world's DNS."""

    def __init__(self, http: httpx.Client, name: str) -> None:
        self.name = name
        self._http = http

    def read(self, path: str) -> object:
        """See :class:`drkit.checking.promise.Books`."""
        try:
            answer = self._http.get(path)
            answer.raise_for_status()
            value: object = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise StepError(
                f"the books of {self.name} cannot be read: {path}: {error}",
                remedy=f"see whether {self._http.base_url} answers; the same command reads again",
                transient=isinstance(error, httpx.HTTPError),
            ) from error
        return value


class LedgerTool:
    """One provider's ledger, by the file that the plan names for it."""

    def __init__(self, work: LedgerWork) -> None:
        self._work = work

    def look(self, context: Context) -> Outcome | None:
        del context
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        """Facts: ``provider``, ``read_at``, ``until``, ``promises`` and ``missing``, oldest first.

        Raises StepError where the provider, the shop or the ledger's file does not answer as it
        should.
        """
        ledger = self._load(context)
        until = datetime.now(UTC)
        endpoint = context.plan.providers[self._work.provider].endpoint
        way = transport(context.world.resolver, context.world.ca)
        with client(way, address=endpoint) as http:
            books = ProviderBooks(http, self._work.provider)
            with self._sense("the books"):
                promises: list[Promise] = ledger.promises(books, None, until)
        progress(f"{self._work.provider} knows of {len(promises)} promises")
        kept = self._kept(ledger, context, promises)
        missing = sorted((p for p in promises if p.id not in kept), key=lambda p: p.at)
        progress(f"{len(missing)} of them are missing")
        before = _lost_before(context, self._work.provider, progress) if missing else {}
        return Outcome(
            state=State.DONE,
            message=f"{len(missing)} of {len(promises)} promises are missing",
            facts={
                "provider": self._work.provider,
                "read_at": datetime.now(UTC).isoformat(),
                "until": until.isoformat(),
                "promises": len(promises),
                "missing": [_described(promise, before.get(promise.id)) for promise in missing],
            },
        )

    def _kept(self, ledger: ModuleType, context: Context, promises: list[Promise]) -> set[str]:
        if not promises:
            return set()
        # Whoever serves, the question is what the site of this run knows.
        site = site_of(context, Route.OVERRIDE)
        try:
            with contextlib.closing(arrive(site)) as customer, self._sense("what the shop says"):
                kept: set[str] = ledger.kept(customer, promises)
        except JourneyBroken as error:
            raise StepError(
                f"the shop does not say which promises of {self._work.provider} it knows: {error}",
                remedy="see that the service which keeps them runs; the same command asks again",
                transient=True,
            ) from error
        return kept

    @contextlib.contextmanager
    def _sense(self, of: str) -> Iterator[None]:
        """Turns what a ledger's file stumbles over into an error that names the file."""
        try:
            yield
        except (
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            ImportError,
            SyntaxError,
        ) as error:
            raise StepError(
                f"{self._work.path} makes no sense of {of}: {error!r}",
                remedy="mend the ledger's file; the same command reads again",
            ) from error

    def _load(self, context: Context) -> ModuleType:
        file = context.plan.root / self._work.path
        spec = importlib.util.spec_from_file_location(f"drkit_ledger_{file.stem}", file)
        if not file.is_file() or spec is None or spec.loader is None:
            raise StepError(
                f"the ledger {self._work.path} of {self._work.provider} is not there",
                remedy="write it (docs/how-to/write-a-check.md) or take it out of the plan",
            )
        # As checks do, a ledger imports what it shares by its way from the plan's folder.
        sys.path.insert(0, str(context.plan.root))
        module = importlib.util.module_from_spec(spec)
        with self._sense("its own text"):
            spec.loader.exec_module(module)
        missing = [name for name in ("promises", "kept") if not hasattr(module, name)]
        if missing:
            raise StepError(
                f"{self._work.path} has no function {' and no '.join(missing)}",
                remedy="a ledger has promises(books, since, until) and kept(customer, promises)",
            )
        return module


def _lost_before(context: Context, provider: str, progress: Progress) -> Mapping[str, str]:
    """Promise → the rebuild that had lost it. Where nobody knows, none had: a loss is rather told
    twice than not at all.
    """
    from drkit.adapters.earlier_losses import lost_before

    try:
        found = lost_before(context.world, context.plan, provider, run=context.run)
    except DrkitError as error:
        progress(f"what earlier rebuilds have lost is not known: {error}")
        return {}
    if found:
        progress(f"{len(found)} promises were lost by earlier rebuilds")
    return found


def _described(promise: Promise, lost_by: str | None) -> dict[str, object]:
    since = {"lost_by": lost_by} if lost_by else {}
    return {
        **since,
        "id": promise.id,
        "at": promise.at.isoformat(),
        "cents": promise.amount.cents if promise.amount else None,
        "currency": promise.amount.currency if promise.amount else None,
        "what": promise.what,
    }
