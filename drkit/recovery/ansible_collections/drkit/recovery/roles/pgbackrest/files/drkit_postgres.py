#!/usr/bin/python3
"""Makes or restores the PostgreSQL cluster of this host; runs as a named systemd unit.

Decides: whether the host already is at the wanted recovery point (then nothing is touched), else
wipes it and brings it there. Refuses: a host that was opened to customers; a backup of another
major version of PostgreSQL or another C library (indexes of text would be silently wrong); to
create where the repository outside already holds backups.

The outcome goes to a result file as JSON, an error too, so that it survives the line to the host.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

STATE = Path("/var/lib/drkit")
OUTSIDE = "--repo=2"


class Refused(Exception):
    """The work was not done; the message says what, on what, and what to do next."""


@dataclass(frozen=True)
class Cluster:
    """Debian's cluster `version/name`, and its pgBackRest stanza."""

    version: str
    name: str
    stanza: str

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path("/var/lib/postgresql") / self.version / self.name

    @property
    def log(self) -> Path:
        """The log of the server."""
        return Path(f"/var/log/postgresql/postgresql-{self.version}-{self.name}.log")

    @property
    def unit(self) -> str:
        """The systemd unit."""
        return f"postgresql@{self.version}-{self.name}.service"

    def program(self, name: str) -> str:
        """Return the path of one of PostgreSQL's own programs."""
        return f"/usr/lib/postgresql/{self.version}/bin/{name}"

    def pgbackrest(self, *words: str) -> str:
        """Run pgBackRest on the stanza and return what it printed."""
        return run(["pgbackrest", f"--stanza={self.stanza}", *words], user="postgres")

    def ask(self, question: str) -> list[str]:
        """Run one SQL statement and return the columns of its one row."""
        argv = ["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", question]
        return run(argv, user="postgres").rstrip("\n").split("\t")


def run(argv: list[str], *, user: str | None = None) -> str:
    """Run a command and return its output. Raises Refused with what it said when it fails."""
    full = ["runuser", "-u", user, "--", *argv] if user else argv
    done = subprocess.run(full, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        words = done.stderr.strip() or done.stdout.strip()
        code = "".join(re.findall(r"<Code>.*?</Code>", words))
        words = words.partition("*** Request Headers")[0].strip()[-1500:]
        raise Refused(f"{argv[0]} {argv[-1]} ended with {done.returncode}: {words} {code}")
    return done.stdout


def say(words: str) -> None:
    """Tell the journal of the unit how far the work is: its last line is shown as progress."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def libc() -> str:
    """Return the version of the C library, as backups are annotated with."""
    return (os.confstr("CS_GNU_LIBC_VERSION") or "unknown").replace(" ", "-")


def refuse_opened() -> None:
    """Refuse a host that customers were let onto: its data is newer than any backup."""
    try:
        opened = json.loads((STATE / "mark.json").read_text())["opened"]
    except (FileNotFoundError, KeyError):
        return
    if opened:
        raise Refused(
            f"this host was opened to customers at {opened}; a restore would wipe what they did. "
            "Rebuild into a new generation instead"
        )


def repository(cluster: Cluster) -> dict[str, Any]:
    """Return what pgBackRest knows of the stanza outside; no backups where there is none."""
    told = json.loads(cluster.pgbackrest(OUTSIDE, "--output=json", "info"))
    known: dict[str, Any] = told[0] if told else {}
    return {"backup": [], "archive": [], "db": []} | known


def backup_for(info: dict[str, Any], moment: datetime | None) -> dict[str, Any]:
    """Return the backup to begin from: the last that was complete before the moment, as pgBackRest
    itself chooses. Raises Refused where there is none."""
    limit = int(moment.timestamp()) if moment else sys.maxsize
    fitting = [one for one in info["backup"] if one["timestamp"]["stop"] < limit]
    if not fitting:
        oldest = datetime.fromtimestamp(info["backup"][0]["timestamp"]["stop"], UTC)
        raise Refused(f"no backup was complete before {moment}: the oldest is of {oldest}")
    return dict(fitting[-1])


def compare_versions(cluster: Cluster, backup: dict[str, Any], info: dict[str, Any]) -> None:
    """Refuse a backup that the programs of this host would read wrongly."""
    databases = {row["id"]: row["version"] for row in info["db"]}
    theirs = databases.get(backup["database"]["id"], "unknown")
    if theirs != cluster.version:
        raise Refused(
            f"backup {backup['label']} is of PostgreSQL {theirs}, this host has {cluster.version}; "
            f"use an image with PostgreSQL {theirs}"
        )
    noted = backup.get("annotation", {}).get("libc")
    if noted is not None and noted != libc():
        raise Refused(
            f"backup {backup['label']} was taken with C library {noted}, this host has {libc()}: "
            "text would sort differently and indexes would be wrong; use the image of the backup"
        )


def newest_timeline(cluster: Cluster, info: dict[str, Any]) -> int:
    """Return the newest timeline that the repository outside has a history or a segment of."""
    archive = info["archive"][-1]
    listed = json.loads(
        cluster.pgbackrest(
            OUTSIDE, "--output=json", "repo-ls", f"archive/{cluster.stanza}/{archive['id']}"
        )
    )
    histories = [name[:8] for name in listed if re.fullmatch(r"[0-9A-F]{8}\.history", name)]
    return max(int(name, 16) for name in [*histories, archive["max"][:8]])


def wipe(cluster: Cluster, store: str) -> None:
    """Forget the record first, then the data: half-wiped data never has a record."""
    (STATE / "stores" / f"{store}.json").unlink(missing_ok=True)
    run(["systemctl", "stop", cluster.unit])
    shutil.rmtree(cluster.data, ignore_errors=True)
    cluster.data.mkdir(parents=True, mode=0o700)
    shutil.chown(cluster.data, "postgres", "postgres")


def drop_archive_settings(cluster: Cluster) -> None:
    """Take archive settings out of the restored file: they would beat the ones that hold it."""
    path = cluster.data / "postgresql.auto.conf"
    kept = [line for line in path.read_text().splitlines(True) if not line.startswith("archive_")]
    path.write_text("".join(kept))


def start(cluster: Cluster) -> None:
    """Start the server and wait until it takes writes. Raises Refused when it ends instead."""
    run(["systemctl", "start", cluster.unit])
    while True:
        try:
            recovering, replayed = cluster.ask(
                "select pg_is_in_recovery(), pg_last_wal_replay_lsn()"
            )
        except Refused:
            recovering, replayed = "t", "not yet"
        if recovering == "f":
            return
        if subprocess.run(["systemctl", "is-active", "-q", cluster.unit], check=False).returncode:
            lines = cluster.log.read_text(errors="replace").splitlines()
            worst = [line for line in lines if "FATAL" in line or "PANIC" in line] or lines
            raise Refused(f"PostgreSQL ended during recovery: {' / '.join(worst[-3:])}")
        say(f"replayed to {replayed}")
        time.sleep(0.2)


def restore(cluster: Cluster, given: argparse.Namespace) -> dict[str, Any]:
    """Bring the cluster to the wanted recovery point, or leave it where it already is."""
    refuse_opened()
    began = time.monotonic()
    info = repository(cluster)
    if not info["backup"] or not info["archive"]:
        raise Refused(
            f"the repository outside has no usable backup of stanza {cluster.stanza}: "
            f"{info.get('status', {}).get('message', 'nothing is there')}"
        )
    moment = datetime.fromisoformat(given.to).astimezone(UTC) if given.to else None
    backup = backup_for(info, moment)
    compare_versions(cluster, backup, info)
    timeline = newest_timeline(cluster, info) if given.timeline == "latest" else int(given.timeline)
    point = f"time:{given.to}" if given.to else f"latest:{info['archive'][-1]['max']}"
    path = STATE / "stores" / f"{given.store}.json"
    if path.exists():
        record: dict[str, Any] = json.loads(path.read_text())
        if (record["recovery_point"], record["from_timeline"]) == (point, timeline):
            return record | {"changed": False}
    say(f"restores {point} of timeline {timeline}")
    wipe(cluster, given.store)
    target = [f"--set={backup['label']}", f"--target-timeline={timeline}"]
    if moment:
        target += ["--type=time", f"--target={moment:%Y-%m-%d %H:%M:%S.%f}+00"]
        target += ["--target-action=promote"]
    cluster.pgbackrest(OUTSIDE, *target, "restore")
    drop_archive_settings(cluster)
    start(cluster)
    record = {"recovery_point": point, "from_timeline": timeline} | stand(cluster)
    complete = datetime.fromtimestamp(backup["timestamp"]["stop"], UTC)  # if nothing came after
    record["recovered_to"] = record["recovered_to"] or f"{complete:%Y-%m-%dT%H:%M:%S.%fZ}"
    record |= {"backup": backup["label"], "seconds": round(time.monotonic() - began, 1)}
    record["manifest"] = json.loads(backup.get("annotation", {}).get("manifest", "null"))
    write(path, record)
    return record | {"changed": True}


def stand(cluster: Cluster) -> dict[str, Any]:
    """Return where the cluster stands now; refuse one whose text sorts differently here."""
    wrong, lsn, moment, segment = cluster.ask(
        "select (select count(*) from pg_database where datallowconn and"
        " datcollversion <> pg_database_collation_actual_version(oid)),"
        " pg_current_wal_lsn(), to_char(pg_last_xact_replay_timestamp() at time zone 'UTC',"
        ' \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'), pg_walfile_name(pg_current_wal_lsn())'
    )
    if wrong != "0":
        raise Refused(f"{wrong} databases were made with another collation version: reindex them")
    return {"timeline": int(segment[:8], 16), "lsn": lsn, "recovered_to": moment or None}


def create(cluster: Cluster, given: argparse.Namespace) -> dict[str, Any]:
    """Make an empty cluster and its stanza, or leave the one that is there."""
    path = STATE / "stores" / f"{given.store}.json"
    if path.exists():
        return {**json.loads(path.read_text()), "changed": False}
    refuse_opened()
    ours = cluster.data / "drkit.created"
    if not ours.exists():
        if repository(cluster)["backup"]:
            raise Refused(
                f"the repository outside already holds backups of stanza {cluster.stanza}; "
                "restore it, or empty the repository first"
            )
        wipe(cluster, given.store)
        run(
            [
                *(cluster.program("initdb"), "--pgdata", str(cluster.data)),
                *("--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"),
                *("--auth-local=peer", "--auth-host=scram-sha-256", "--no-instructions"),
            ],
            user="postgres",
        )
        ours.touch()
    start(cluster)
    cluster.pgbackrest("stanza-create")
    record = {"recovery_point": None, "from_timeline": None} | stand(cluster)
    write(path, record)
    return record | {"changed": True}


def write(path: Path, value: dict[str, Any]) -> None:
    """Write JSON so that a crash leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with temporary.open("w") as file:
        file.write(json.dumps(value, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def main() -> int:
    """Do the work; the outcome is in the result file, whatever happens."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("act", choices=["create", "restore"])
    for name in ("store", "stanza", "version", "cluster"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--timeline", default="latest")
    parser.add_argument("--to", default="")
    given = parser.parse_args()
    cluster = Cluster(given.version, given.cluster, given.stanza)
    try:
        outcome = (restore if given.act == "restore" else create)(cluster, given)
    except Refused as error:
        outcome = {"changed": False, "error": str(error)}
    write(STATE / "stores" / f"{given.store}.result.json", outcome)
    return 1 if "error" in outcome else 0


if __name__ == "__main__":
    sys.exit(main())
