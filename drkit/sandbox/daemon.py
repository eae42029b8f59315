"""The one process of a sandbox: moto's regions, the reconciler, the name server, the world.

Started detached by `up`, ended by `down`. It prints one line of JSON when everything answers and
logs into its folder. All state of moto is in its memory: when it dies, the sandbox is gone and
`up` begins anew.

Run as ``python -m drkit.sandbox.daemon FOLDER``, in an environment that has cloud.ENVIRONMENT.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.exceptions import NotFound
from werkzeug.serving import make_server

from drkit.sandbox import addresses, cloud, control, front, health, hosts, observed, zones
from drkit.sandbox.authority import Authority
from drkit.sandbox.door import Account, Door
from drkit.sandbox.fleet import Fleet
from drkit.sandbox.folder import Folder, State
from drkit.sandbox.lost import Losses
from drkit.sandbox.quotas import Quotas
from drkit.sandbox.reconciler import Reconciler
from drkit.sandbox.shortages import Shortages

log = logging.getLogger("drkit.sandbox")


def main() -> None:
    folder = Folder(path=Path(sys.argv[1]))
    logging.basicConfig(
        filename=folder.log, level=logging.INFO, format="%(asctime)s %(name)s %(message)s"
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _end)
    authority = Authority(folder=folder.authority)
    losses, shortages, quotas, woken = Losses(), Shortages(), Quotas(), threading.Event()
    operator = cloud.furnish(quotas)
    ports = _serve_doors(losses, shortages, woken)
    front.write(folder.front, _sites(ports, _serve(_world(folder))), authority)
    nginx = front.start(folder.front, {"PATH": os.environ["PATH"]})
    checks = health.HealthChecks(health.route53_checks, health.answers)
    checks.begin()
    zones.serve(checks.healthy)
    trust = hosts.Trust(certificate=authority.certificate, hashed_name=authority.hashed_name)
    fleet = Fleet(folder=folder.hosts, trust=trust, changed=woken.set)
    reconciler = Reconciler(fleet=fleet, losses=losses, woken=woken)
    reconciler.begin()
    control.serve(folder.socket, _answers(reconciler, shortages, quotas, losses))
    cloud.warm(ports, operator)
    State(
        pid=os.getpid(),
        ca=authority.certificate,
        operator=operator,
        pulumi_home=folder.pulumi_home,
    ).write(folder)
    log.info("ready")
    code = nginx.wait()
    log.error("nginx ended with %s: the sandbox ends with it", code)
    os._exit(1)


def _end(*_: Any) -> None:
    # Threads hold sockets and moto's memory, nothing that has to be put away.
    os._exit(0)


def _serve_doors(losses: Losses, shortages: Shortages, woken: threading.Event) -> dict[str, int]:
    """Serve every region's API, and what is global, out of one moto; region → port."""
    within = cloud.application()
    account = Account(
        secret=cloud.secret,
        may_read=cloud.may_read,
        open_to_all=cloud.open_to_all,
        bucket_region=cloud.bucket_region,
        networks=cloud.networks,
        instances_in=observed.instances_in,
        short_of=shortages.of,
    )
    return {
        door.region: _serve(
            Door(
                door.region,
                within=within,
                lost=lambda: losses.regions,
                account=account,
                changed=woken.set,
            )
        )
        for door in addresses.DOORS
    }


def _sites(ports: Mapping[str, int], world: int) -> tuple[front.Site, ...]:
    names = tuple(addresses.world_name(service) for service in addresses.WORLD_SERVICES)
    doors = (
        front.Site(address=door.address, names=(door.name,), port=ports[door.region])
        for door in addresses.DOORS
    )
    return (*doors, front.Site(address=addresses.WORLD, names=names, port=world))


def _serve(application: WSGIApplication) -> int:
    """Serve on a free port of the loopback; returns the port."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Handler(MotoRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, *_: Any) -> None:
            """Calls are not logged: they carry who did what with which key."""

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler)
    threading.Thread(target=server.serve_forever, name="door", daemon=True).start()
    return int(server.server_port)


def _world(folder: Folder) -> WSGIApplication:
    """The services of the world by host name; none where the world is not installed."""
    try:
        from drkit.sandbox import world
    except ImportError:
        log.warning("there is no world in this installation")
        return NotFound()
    by_name: Mapping[str, WSGIApplication] = {
        addresses.world_name(service): application
        for service, application in world.apps(folder.world).items()
    }

    def dispatch(environ: Any, start_response: Any) -> Any:
        name = environ.get("HTTP_HOST", "").partition(":")[0]
        return by_name.get(name, NotFound())(environ, start_response)

    return dispatch


def _answers(
    reconciler: Reconciler, shortages: Shortages, quotas: Quotas, losses: Losses
) -> dict[str, Any]:
    return {
        "status": lambda: _status(reconciler, losses, shortages),
        "lose": _done(reconciler.lose),
        "restore": _done(reconciler.restore),
        "shortage": _done(shortages.begin),
        "room": _done(shortages.end),
        "quota": _done(lambda region, code, value: quotas.set(region, code, float(value))),
        "ready": dict,
    }


def _done(act: Callable[..., None]) -> Callable[..., control.Answer]:
    """An act as an answer: it says nothing, or raises."""

    def answer(*arguments: str) -> control.Answer:
        act(*arguments)
        return {}

    return answer


def _status(reconciler: Reconciler, losses: Losses, shortages: Shortages) -> control.Answer:
    landscape = reconciler.landscape
    standing = reconciler.standing()
    return {
        "lost": sorted(losses.regions),
        "short_of": {region: sorted(kinds) for region, kinds in shortages.by_region.items()},
        "dropped": {region: asdict(found) for region, found in reconciler.dropped().items()},
        "hosts": [
            {
                "region": host.region,
                "id": host.id,
                "name": host.name,
                "condition": str(host.condition),
                "address": host.address,
                "public": host.public,
                "here": (found := standing.get(host.id)) is not None and found.pid is not None,
            }
            for host in landscape.hosts
        ],
    }


if __name__ == "__main__":
    print(json.dumps({"pid": os.getpid()}), flush=True)  # noqa: T201
    main()
