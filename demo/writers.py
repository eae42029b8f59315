"""The fence, tried hard: writers at 20 a second while a lost region comes back.

    python3 demo/writers.py REGION --control     # while it serves: each of them can write there
    python3 demo/writers.py REGION               # when it is lost: brings it back, and tries

The control signs up a customer and shows that every write of the second call is accepted by a
site that serves, at its edge and at each application port. From before the region's return the
writers then hit its edge, its application ports (from inside, past the edge) and the workers'
queue. The old database's rows and the ledgers of card, carrier and mailbox are compared with what
they were. Exit status 0 if each writer was refused, and not one write was accepted anywhere.
Knows the reference shop and the sandbox, and nothing of drkit's inside.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time

from old_site import ACCOUNT, OldSite

RATE = 20
FORGOTTEN = "written behind the fence"
"""Subject of the mails that are put into the queue."""
WHERE = ("edge", "ports")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("region")
    parser.add_argument("--control", action="store_true", help="show that each of them can write")
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    site = OldSite.of(asked.region)
    return control(site) if asked.control else attack(site, asked.region, asked.seconds)


def control(site: OldSite) -> int:
    """Exit status 0 if each write is accepted while the site serves."""
    site.become_customer()
    before = site.rows("")
    told = {}
    for where in WHERE:
        site.fill_cart()
        told[where] = site.knock(where, seconds=3, rate=RATE)
    site.fill_cart()
    never = [
        f"{name} at the {where}: {answers}"
        for where, targets in told.items()
        for name, answers in targets.items()
        if not any(status.startswith("2") for status in answers)
    ]
    changed = sorted(name for name, rows in site.rows("").items() if rows != before[name])
    print(f"accepted while the site serves, at edge and ports: {', '.join(told['ports'])}")
    print(f"tables that changed: {', '.join(changed)}")
    if never or not {"customers", "orders", "shipments", "tickets"} <= set(changed):
        print(f"THE CONTROL FAILED: never accepted: {'; '.join(never) or 'none'}")
        return 1
    return 0


def attack(site: OldSite, region: str, seconds: float) -> int:
    """Exit status 0 if the fence held, and was seen to hold by every writer."""
    if not ACCOUNT.exists():
        print("run it with --control first, while the region serves", file=sys.stderr)
        return 2
    rows, books = site.rows(FORGOTTEN), site.books()
    told: dict[str, dict[str, dict[str, int]]] = {}

    def write(where: str) -> None:
        told[where] = site.knock(where, seconds=seconds, rate=RATE)

    writers = [threading.Thread(target=write, args=(where,)) for where in WHERE]
    queue = site.queue_mails(FORGOTTEN, seconds=seconds, rate=RATE)
    for writer in writers:
        writer.start()
    time.sleep(3)
    print(f"writers run; {region} comes back", flush=True)
    subprocess.run(["drkit", "sandbox", "restore", region], check=True)
    for writer in writers:
        writer.join()
    queued = queue()
    time.sleep(3)  # a worker that still sends would, within its second
    return verdict(site, told=told, queued=queued, rows=rows, books=books)


def verdict(
    site: OldSite,
    *,
    told: dict[str, dict[str, dict[str, int]]],
    queued: int,
    rows: dict[str, str],
    books: dict[str, int],
) -> int:
    print(f"at its edge:              {json.dumps(told['edge'])}")
    print(f"at its application ports: {json.dumps(told['ports'])}")
    waiting = site.waiting(FORGOTTEN)
    print(f"mails put in its queue:   {queued}, of which {waiting} still wait there")
    changed = [name for name, now in site.rows(FORGOTTEN).items() if now != rows[name]]
    entered = {n: now - books[n] for n, now in site.books().items() if now != books[n]}
    print(f"tables of the old database that changed: {', '.join(changed) or 'none'}")
    print(f"entries in the ledgers outside:          {entered or 'none'}")
    answers = [(f"{n} at the {w}", seen) for w in WHERE for n, seen in told[w].items()]
    accepted = [n for n, seen in answers if any(s.startswith("2") for s in seen)]
    unseen = [n for n, seen in answers if not seen.get("503")]
    faults = {
        "accepted": accepted,
        "never refused, so nothing is shown": unseen,
        "changed": changed,
        "entered": list(entered),
        "mails gone from the queue": [str(queued - waiting)] if waiting != queued else [],
        "no mail was queued": ["0"] if not queued else [],
    }
    for what, which in faults.items():
        if which:
            print(f"  {what}: {', '.join(which)}")
    held = not any(faults.values())
    print("the fence held: not one write was accepted" if held else "THE FENCE DID NOT HOLD")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
