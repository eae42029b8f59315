"""Decides how the provider speaks Pulumi's protocol: gRPC in, plain values to provider.py, and
back, errors with the detail that the engine acts on.

Refuses what the engine has no need of here (components, calls, parameters) as unimplemented.
Outlives a dead engine only for as long as its creates in flight take, so none is orphaned.
"""
# ruff: noqa: N802, ARG002  the protocol names the methods, and gives each the same parameters

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, status_pb2
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderServicer,
    add_ResourceProviderServicer_to_server,
)

from drkit.sandbox.provider import schema
from drkit.sandbox.provider.checking import Problem
from drkit.sandbox.provider.configuration import setting_problems
from drkit.sandbox.provider.diff import Difference, How
from drkit.sandbox.provider.errors import PartialError, ProviderError, UnknownTypeError
from drkit.sandbox.provider.provider import Provider
from drkit.sandbox.provider.wire import decode, decode_configuration, encode

_KIND = provider_pb2.PropertyDiff.Kind
_KINDS = {
    (How.ADDED, False): _KIND.ADD,
    (How.ADDED, True): _KIND.ADD_REPLACE,
    (How.CHANGED, False): _KIND.UPDATE,
    (How.CHANGED, True): _KIND.UPDATE_REPLACE,
    (How.REMOVED, False): _KIND.DELETE,
    (How.REMOVED, True): _KIND.DELETE_REPLACE,
}


class Servicer(ResourceProviderServicer):
    """One method for each request of the engine."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=schema.version())

    def GetSchema(self, request: Any, context: Any) -> Any:
        text = f'{{"name": "aws", "version": "{schema.version()}"}}'
        return provider_pb2.GetSchemaResponse(schema=text)

    def Cancel(self, request: Any, context: Any) -> Any:
        self._provider.stop.set()
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        given = decode_configuration(decode(request.news))
        return provider_pb2.CheckResponse(
            inputs=request.news, failures=_failures(setting_problems(given))
        )

    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = decode(request.olds), decode(request.news)
        changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        # Another region or account is another world: its resources cannot be changed into it.
        replaces = [name for name in changed if name in ("region", "allowedAccountIds")]
        return _diff_response(
            [Difference(path=name, how=How.CHANGED) for name in changed], replaces
        )

    def Configure(self, request: Any, context: Any) -> Any:
        given = decode_configuration(decode(request.args))
        with _Errors(context):
            self._provider.configure(given)
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        with _Errors(context):
            answer, problems = self._provider.invoke(request.tok, decode(request.args))
        return provider_pb2.InvokeResponse(
            **{"return": encode(answer), "failures": _failures(problems)}
        )

    def Check(self, request: Any, context: Any) -> Any:
        with _Errors(context):
            checked = self._provider.check(
                request.urn,
                old=decode(request.olds),
                new=decode(request.news),
                seed=request.randomSeed,
            )
        return provider_pb2.CheckResponse(
            inputs=encode(checked.inputs), failures=_failures(checked.problems)
        )

    def Diff(self, request: Any, context: Any) -> Any:
        with _Errors(context):
            found = self._provider.diff(
                request.urn, old=decode(request.old_inputs), new=decode(request.news)
            )
            ignored = set(request.ignoreChanges)
            found = tuple(each for each in found if not {each.path, each.name} & ignored)
            first = self._provider.deleted_first(request.urn, new=decode(request.news))
        replaces = sorted({each.path for each in found if each.replaces})
        return _diff_response(found, replaces, delete_first=first)

    def Create(self, request: Any, context: Any) -> Any:
        inputs = decode(request.properties)
        with _Errors(context):
            made = self._provider.create(request.urn, inputs, preview=request.preview)
        return provider_pb2.CreateResponse(id=made.id, properties=encode(made.properties))

    def Read(self, request: Any, context: Any) -> Any:
        with _Errors(context):
            found = self._provider.read(
                request.urn,
                request.id,
                state=decode(request.properties),
                inputs=decode(request.inputs),
            )
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=found.id, properties=encode(found.properties), inputs=encode(found.inputs)
        )

    def Update(self, request: Any, context: Any) -> Any:
        if request.preview:
            return provider_pb2.UpdateResponse(properties=request.news)
        with _Errors(context):
            properties = self._provider.update(
                request.urn,
                request.id,
                old=decode(request.old_inputs),
                new=decode(request.news),
                state=decode(request.olds),
            )
        return provider_pb2.UpdateResponse(properties=encode(properties))

    def Delete(self, request: Any, context: Any) -> Any:
        with _Errors(context):
            self._provider.delete(request.urn, request.id, decode(request.properties))
        return empty_pb2.Empty()


class _Errors:
    """Turns our errors into the protocol's; a partly made resource goes with its id."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PartialError):
            self._abort_partial(error)
        if isinstance(error, UnknownTypeError):
            self._context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        if isinstance(error, ProviderError):
            self._context.abort(grpc.StatusCode.UNKNOWN, str(error))

    def _abort_partial(self, error: PartialError) -> NoReturn:
        detail = provider_pb2.ErrorResourceInitFailed(
            id=error.resource_id,
            properties=encode(error.properties),
            inputs=encode(error.properties),
            reasons=[str(error)],
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
        status.details.add().Pack(detail)
        self._context.set_trailing_metadata(
            (("grpc-status-details-bin", status.SerializeToString()),)
        )
        self._context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise AssertionError("abort does not return")


def _failures(problems: Iterable[Problem]) -> list[Any]:
    return [
        provider_pb2.CheckFailure(property=problem.path, reason=problem.reason)
        for problem in problems
    ]


def _diff_response(
    found: Iterable[Difference], replaces: list[str], *, delete_first: bool = False
) -> Any:
    changes = provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        diffs=sorted({each.name for each in found}),
        replaces=replaces,
        deleteBeforeReplace=delete_first and bool(replaces),
        hasDetailedDiff=True,
        detailedDiff={
            each.path: provider_pb2.PropertyDiff(
                kind=_KINDS[each.how, each.replaces], inputDiff=True
            )
            for each in found
        },
    )


def serve(announce: Callable[[int], None]) -> None:
    """Serves until the engine ends the process or dies; `announce` is given the port."""
    # Pulumi 3.259 starts plugins in a group of their own, so an interrupt is the engine's word
    # that it needs us no more; it kills after 5 s.
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    engine = os.getppid()
    workers = ThreadPoolExecutor(max_workers=32)
    server = grpc.server(
        workers,
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    add_ResourceProviderServicer_to_server(Servicer(Provider()), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    announce(port)
    while os.getppid() == engine and not done.wait(1):
        pass
    server.stop(grace=30).wait()
    workers.shutdown()


def main() -> NoReturn:
    """The plugin's process: prints its port for the engine, then serves, and ends."""

    def announce(port: int) -> None:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()

    serve(announce)
    # nothing is left to put away, and Python's own end takes a third of what the process computes
    os._exit(0)
