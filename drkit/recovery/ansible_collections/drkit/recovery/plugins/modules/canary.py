"""Tries from a host of a drill what must not be possible; decides whether the muzzle is whole.

Each try is harmless if it gets through: a connection without a word in it, and a small object of
its own name, taken away again. Nothing is taken for closed that was not tried: what could not be
tried fails as what got through does. That the outside can be read, and the sink keeps what it is
told, is tried as well, or a host that reaches nothing at all would look like a muzzled one.
"""

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener
from xml.etree import ElementTree

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: canary
short_description: Prove that a host of a drill can act on nobody
description:
  - Every connection must be dropped, every write be forbidden. The repository outside must be
    readable, and what is said to the sink must be in its ledger. All of it is tried side by side.
  - What got through, or could not be tried, fails the task; each with the rule that is missing.
options:
  name:
    description: What the objects and the messages of this try are called, such as C(RUN/HOST).
    required: true
    type: str
  shut:
    description: What must not be reached, as C(HOST:PORT) or a URL.
    required: true
    type: list
    elements: str
  outside:
    description: Where backups are read (endpoint_name, backup_bucket, region).
    required: true
    type: dict
  buckets:
    description: Buckets that must not be written, by the endpoint of the outside.
    required: true
    type: list
    elements: str
  identities:
    description: Purpose and its key and secret, of all that the drill was given.
    required: true
    type: dict
  reader:
    description: The purpose that must be able to read the backups.
    default: restore
    type: str
  sink:
    description: Provider and the URL of who answers in its stead; empty where the host calls none.
    required: true
    type: dict
author: drkit
"""

EXAMPLES = r"""
- name: Try what must not be possible
  drkit.recovery.canary:
    name: 20260101-1/app-1
    shut: ["https://card-a.example", "shop.example:443"]
    outside: {endpoint_name: s3.eu-north-1.amazonaws.com, backup_bucket: b, region: eu-north-1}
    buckets: [b]
    identities: {restore: {key: "{{ key }}", secret: "{{ secret }}"}}
    sink: {card-a: "http://10.70.0.4:8600/card-a"}
"""

RETURN = r"""
tried:
  description: What was tried, and how it was refused, or that it was done.
  type: dict
  returned: always
"""

LIMIT = 2.0  # seconds that a connection which must not be made is given
PATIENCE = 10.0  # seconds that whoever must be heard is given
PORTS = {"http": 80, "https": 443, "smtp": 25, "smtps": 465}
DENIED = frozenset({"AccessDenied", "403"})
"""By S3, or by somebody without S3's words. A key or a signature that is wrong shows nothing of
what a right one may do."""
NETWORK = "the network must let a drill's hosts call nothing but the outside and the sink"
RIGHTS = "a drill is given identities that only read"
READING = "the network must let a drill's hosts read the outside, by an identity that may"
SINK = "the sink must run, be reached from this host, and keep what it is told"


class Loose(Exception):
    """The muzzle is not whole here; the message says what was seen."""


def place(target: str) -> tuple[str, int]:
    """Return host and port of a URL, or of HOST:PORT. Raises Loose where there is no port."""
    url = urlsplit(target if "://" in target else f"//{target}")
    port = url.port or PORTS.get(url.scheme)
    if not url.hostname or not port:
        raise Loose("it names no port that could be tried")
    return url.hostname, port


def connection(target: str) -> str:
    """Return how a connection was dropped. Raises Loose where anybody answered."""
    host, port = place(target)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
            return "has no address here"
        raise Loose(f"its address is not known here: {error}") from error
    addresses = sorted({str(where[0]) for *_, where in found})
    said = {dropped(address, port) for address in addresses}
    return f"{', '.join(addresses)}: {', '.join(sorted(said))}"


def dropped(address: str, port: int) -> str:
    """Return how a connection to one address was dropped. Raises Loose where it answered."""
    try:
        with socket.create_connection((address, port), timeout=LIMIT):
            raise Loose(f"{address} took the connection")
    except ConnectionError as error:  # somebody there refused it: the way there is open
        raise Loose(f"{address} answered: {error.strerror}") from error
    except TimeoutError:
        return f"no answer within {LIMIT:.0f} s"
    except OSError as error:
        return str(error.strerror or error)


class Outside:
    """The bucket's endpoint, with one identity. Signed by botocore, whose client would read the
    model of all of S3 on each host: ten times the work of all that is tried.
    """

    def __init__(self, where: dict[str, Any], identity: dict[str, Any]) -> None:
        from botocore.auth import S3SigV4Auth
        from botocore.credentials import Credentials

        self._base = f"https://{where['endpoint_name']}"
        self._bucket = where["backup_bucket"]
        signer = Credentials(identity["key"], identity["secret"])
        self._signature = S3SigV4Auth(signer, "s3", where["region"])

    def read(self) -> str:
        """Return that backups can be read. Raises Loose where they cannot."""
        try:
            self._asked("GET", f"{self._bucket}?list-type=2&max-keys=1")
        except HTTPError as error:
            raise Loose(refusal(error)) from error
        except OSError as error:
            raise Loose(f"no answer: {error}") from error
        return "read"

    def write(self, bucket: str, name: str) -> str:
        """Return how a write was forbidden. Raises Loose where it was not, or may have been done:
        the endpoint must be heard, so its silence forbids nothing.
        """
        key = f"muzzle-canary/{name}"
        path = f"{bucket}/{quote(key)}"
        try:
            self._asked("PUT", path, b"The muzzle of a drill lets this through.\n")
        except HTTPError as error:
            if (said := refusal(error)) in DENIED:
                return f"forbidden: {said}"
            raise Loose(f"could not be tried: {said}") from error
        except OSError as error:
            left = f"what may be there as {key} {self._taken_away(path)}"
            raise Loose(f"could not be tried: no answer: {error}; {left}") from error
        raise Loose(f"{key} was written, and {self._taken_away(path)}")

    def _taken_away(self, path: str) -> str:
        try:
            self._asked("DELETE", path)
        except HTTPError as error:
            return f"is still there: {refusal(error)}"
        except OSError as error:
            return f"is still there: {error}"
        return "taken away again"

    def _asked(self, method: str, path: str, body: bytes | None = None) -> None:
        """Ask over a connection of its own. Raises HTTPError for a no, OSError for no answer."""
        from botocore.awsrequest import AWSRequest

        url = f"{self._base}/{path}"
        signed = AWSRequest(method=method, url=url, data=body)
        self._signature.add_auth(signed)
        headers = dict(signed.headers.items())
        asked = Request(url, data=body, headers=headers, method=method)  # noqa: S310 - https
        try:
            with direct().open(asked, timeout=PATIENCE) as answer:
                answer.read()
        except HTTPException as error:
            raise OSError(str(error)) from error


def refusal(error: HTTPError) -> str:
    """Return the code of S3's answer, or where it is none of S3's its status."""
    try:
        answer = ElementTree.fromstring(error.read())  # noqa: S314 - of the endpoint
    except (OSError, HTTPException):
        return f"{error.code}, and nobody heard why"
    except ElementTree.ParseError:
        return str(error.code)
    codes = [one.text for one in answer.iter() if one.tag.rpartition("}")[2] == "Code"]
    return next((code for code in codes if code), str(error.code))


@cache
def direct() -> OpenerDirector:
    """Return what asks without a proxy. It reads the authorities of the machine, once."""
    return build_opener(ProxyHandler({}), HTTPSHandler(context=ssl.create_default_context()))


def told(url: str, provider: str, name: str) -> str:
    """Return that the sink kept what it was told. Raises Loose where it did not."""
    base = url.rstrip("/")
    ledger = f"{base.rpartition('/')[0]}/ledger?provider={provider}"
    wanted = {"canary": name, "at": time.time()}
    try:
        asked = Request(  # noqa: S310 - the URL is drkit's own
            f"{base}/muzzle-canary", data=json.dumps(wanted).encode(), method="POST"
        )
        with suppress(HTTPError):  # the program of a provider may well refuse a canary
            direct().open(asked, timeout=PATIENCE).read()
        entries = json.loads(direct().open(ledger, timeout=PATIENCE).read())["entries"]
        kept = any(entry["asked"]["body"] == wanted for entry in entries)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise Loose(f"{type(error).__name__}: {error}") from error
    if not kept:
        raise Loose("what it was told is not in its ledger")
    return "in the ledger"


Try = tuple[str, str, Callable[[], str]]


def tries(params: dict[str, Any]) -> Iterator[Try]:
    """What is tried: its name, the rule that it shows, and the try."""
    outside, name = params["outside"], params["name"]
    for target in params["shut"]:
        yield f"connection to {target}", NETWORK, partial(connection, target)
    for purpose, identity in params["identities"].items():
        endpoint = Outside(outside, identity)
        for bucket in params["buckets"]:
            what = f"write to s3://{bucket} as `{purpose}`"
            yield what, RIGHTS, partial(endpoint.write, bucket, f"{name}/{purpose}")
    reader = Outside(outside, params["identities"][params["reader"]])
    yield f"reading s3://{outside['backup_bucket']}", READING, reader.read
    for provider, url in params["sink"].items():
        yield f"message to {url}", SINK, partial(told, url, provider, name)


def outcome(what: str, rule: str, attempt: Callable[[], str]) -> tuple[str, str, str]:
    """Return the try's name, how it ended well, and what is wrong; one of the two is empty."""
    try:
        return what, attempt(), ""
    except Loose as error:
        return what, "", f"{what}: {error}; {rule}"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "shut": {"type": "list", "elements": "str", "required": True},
            "outside": {"type": "dict", "required": True},
            "buckets": {"type": "list", "elements": "str", "required": True},
            "identities": {"type": "dict", "required": True, "no_log": True},
            "reader": {"type": "str", "default": "restore"},
            "sink": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    if module.params["reader"] not in module.params["identities"]:
        module.fail_json(msg=f"no identity `{module.params['reader']}` was given to read with")
    if module.check_mode:  # what gets through would be there
        module.exit_json(changed=False, skipped=True, tried={})
    planned = list(tries(module.params))
    direct()  # before there are threads, each of which would make its own
    with ThreadPoolExecutor(len(planned)) as pool:
        ended = list(pool.map(lambda one: outcome(*one), planned))
    tried = {what: how for what, how, _ in ended}
    if wrong := [message for *_, message in ended if message]:
        module.fail_json(msg="the muzzle is not whole here: " + "; ".join(wrong), tried=tried)
    module.exit_json(changed=False, tried=tried)


if __name__ == "__main__":
    main()
