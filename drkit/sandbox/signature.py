"""Checks who signed a call: AWS Signature Version 4, as documented in AWS's "Create a signed AWS
API request".

moto 5.2.5 computes a wrong signature for REST calls without a body (Route 53's lists) and takes
keys that were made inactive, so it is not asked. Keys of IAM users only; temporary credentials and
signed query strings are refused.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote
from wsgiref.types import WSGIEnvironment

PATTERN = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/"
    r"(?P<service>[^/,]+)/aws4_request,\s*SignedHeaders=(?P<headers>[^,]+),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})$"
)
UNRESERVED = "-_.~"
UNJUDGED = ("UNSIGNED-PAYLOAD", "STREAMING-")
"""What stands for the body's digest where none is signed: S3 then judges the body's parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a call says about who signed it, for which region and service."""

    key: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> Signature | None:
        """None: the call is not signed, or not in this way."""
        found = PATTERN.match(environ.get("HTTP_AUTHORIZATION", "").strip())
        if found is None:
            return None
        parts = found.groupdict()
        headers = tuple(parts.pop("headers").split(";"))
        return cls(headers=headers, **parts)

    def holds(self, environ: WSGIEnvironment, secret: str, body: Callable[[], bytes]) -> bool:
        """Whether the secret's owner signed this very call; ``body`` is read only if it counts."""
        if not _tells_the_truth(environ, body):
            return False
        time = environ.get("HTTP_X_AMZ_DATE", "")
        scope = f"{self.date}/{self.region}/{self.service}/aws4_request"
        digest = hashlib.sha256(self._canonical(environ, body).encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}"
        step = f"AWS4{secret}".encode()
        for part in (self.date, self.region, self.service, "aws4_request"):
            step = hmac.digest(step, part.encode(), "sha256")
        expected = hmac.digest(step, text.encode(), "sha256").hex()
        return hmac.compare_digest(expected, self.signature)

    def _canonical(self, environ: WSGIEnvironment, body: Callable[[], bytes]) -> str:
        path, _, query = str(environ.get("RAW_URI", "/")).partition("?")
        # S3 signs the path as it is sent; everyone else encodes it once more.
        path = path if self.service == "s3" else quote(path, safe="/~")
        content = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
        lines = [f"{name}:{_header(environ, name)}" for name in self.headers]
        return "\n".join(
            [
                environ["REQUEST_METHOD"],
                path or "/",
                _query(query),
                *lines,
                "",
                ";".join(self.headers),
                content or hashlib.sha256(body()).hexdigest(),
            ]
        )


def _tells_the_truth(environ: WSGIEnvironment, body: Callable[[], bytes]) -> bool:
    """Whether the digest that is signed in place of the body is the body's."""
    said = str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", ""))
    if not said or said.startswith(UNJUDGED):
        return True
    return hmac.compare_digest(hashlib.sha256(body()).hexdigest(), said.lower())


def _query(query: str) -> str:
    pairs = []
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    return quote(unquote(text), safe=UNRESERVED)


def _header(environ: WSGIEnvironment, name: str) -> str:
    variable = name.upper().replace("-", "_")
    if variable not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        variable = f"HTTP_{variable}"
    return " ".join(str(environ.get(variable, "")).split())
