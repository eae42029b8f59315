"""Keeps outside which numbers any site may ever have given out; decides where the next site begins.

A restored database knows only the numbers of its own past: a site that was opened and lost since
has given out others. So the highest one that any site may have reached stands outside, in an object
that only grows, and a number is free only above it. Written before the shop can give out the first
number of a block, so a death right after it wastes a block and repeats none.
"""

import json
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: numbers
short_description: Reserve a block of numbers outside, above all that were ever given out
description:
  - C(reserve) gives a restored copy the first number that it may give out, and keeps it for the
    same I(claim) - the second call changes nothing. It lies I(distance) above what the copy knows,
    and above all that any other copy was given or the serving site has told.
  - C(served) tells how far the serving site is, and what it may reach until it tells again.
  - A block is given anew to its claim once the serving site may have reached into it.
  - I(distance) bounds what one site gives out between two calls.
options:
  act:
    description: What is done.
    choices: [reserve, served]
    required: true
    type: str
  store:
    description: The store that the numbers are of; the object is C(numbers/STORE.json).
    required: true
    type: str
  claim:
    description: Whose block it is (with C(reserve)) - the run and the point that it restored.
    type: str
  known:
    description: The highest number that the data shows as given out.
    required: true
    type: int
  distance:
    description: How many numbers a site gives out at most between two calls.
    required: true
    type: int
  outside:
    description: Where the object lies (endpoint_name, state_bucket, region).
    required: true
    type: dict
  identity:
    description: Key and secret that may read and write it.
    required: true
    type: dict
author: drkit
"""

EXAMPLES = r"""
- name: Reserve numbers for what was restored
  drkit.recovery.numbers:
    act: reserve
    store: orders-db
    claim: 20260101-1 latest
    known: 100900
    distance: 100000
    outside: {endpoint_name: s3.eu-north-1.amazonaws.com, state_bucket: dr, region: eu-north-1}
    identity: {key: "{{ key }}", secret: "{{ secret }}"}
  register: numbers
"""

RETURN = r"""
start:
  description: The first number that the copy may give out (with C(reserve)).
  type: int
  returned: when something was reserved
highest:
  description: The highest number that any site may have given out.
  type: int
  returned: always
"""

EMPTY: dict[str, Any] = {"highest": 0, "served": 0, "blocks": {}}
ATTEMPTS = 5
ELSEWHERE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
MISSING = {"NoSuchKey", "404", "AccessDenied", "403"}


def reserved(
    mark: dict[str, Any], claim: str, known: int, distance: int
) -> tuple[dict[str, Any], int]:
    """Return the mark with a block for the claim, and the block's first number.

    A block that the serving site cannot have reached is kept; then the mark is the same.
    """
    start = mark["blocks"].get(claim)
    if start is not None and start > mark["served"]:
        return mark, start
    start = max(known + max(distance, 1), mark["highest"] + 1)
    blocks = mark["blocks"] | {claim: start}
    return mark | {"highest": start + distance, "blocks": blocks}, start


def told(mark: dict[str, Any], known: int, distance: int) -> dict[str, Any]:
    """Return the mark raised by what the serving site has given out; it never goes down."""
    served = max(mark["served"], known + distance)
    return mark | {"served": served, "highest": max(mark["highest"], served)}


class Outside:
    """The object in the bucket; replaced only where it still is what was read."""

    def __init__(self, where: dict[str, Any], identity: dict[str, Any], store: str) -> None:
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import ClientError

        self.error: Any = ClientError
        self._where = {"Bucket": where["state_bucket"], "Key": f"numbers/{store}.json"}
        self._client: Any = botocore.session.Session().create_client(
            "s3",
            endpoint_url=f"https://{where['endpoint_name']}",
            region_name=where["region"],
            aws_access_key_id=identity["key"],
            aws_secret_access_key=identity["secret"],
            verify="/etc/ssl/certs/ca-certificates.crt",
            config=Config(
                connect_timeout=5,
                read_timeout=10,
                retries={"total_max_attempts": 3},
                s3={"addressing_style": "path"},
            ),
        )
        # botocore of Debian 12 does not know the conditions of a PUT
        self._condition: dict[str, str] = {}
        self._client.meta.events.register("before-call.s3.PutObject", self._conditional)

    def _conditional(self, params: dict[str, Any], **_: Any) -> None:
        params["headers"].update(self._condition)

    def read(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the mark, and the condition of its replacement.

        A missing object is refused to those who may not list. Whether it is missing is told by the
        write, which then succeeds only where nothing is.
        """
        try:
            answer = self._client.get_object(**self._where)
        except self.error as error:
            if error.response["Error"]["Code"] not in MISSING:
                raise
            return dict(EMPTY), {"If-None-Match": "*"}
        return {**EMPTY, **json.loads(answer["Body"].read())}, {"If-Match": answer["ETag"]}

    def write(self, mark: dict[str, Any], condition: dict[str, str]) -> bool:
        """Replace the mark; False where it is not any more what was read."""
        self._condition = condition
        try:
            self._client.put_object(
                **self._where,
                Body=json.dumps(mark, indent=1).encode(),
                ContentType="application/json",
            )
        except self.error as error:
            if error.response["Error"]["Code"] in ELSEWHERE:
                return False
            raise
        return True


def settle(outside: Outside, params: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Do the act and return the outcome. Raises ValueError where others are faster every time."""
    for _ in range(ATTEMPTS):
        before, condition = outside.read()
        if params["act"] == "reserve":
            after, start = reserved(before, params["claim"], params["known"], params["distance"])
            outcome = {"start": start, "highest": after["highest"], "changed": after != before}
        else:
            after = told(before, params["known"], params["distance"])
            outcome = {"highest": after["highest"], "changed": after != before}
        if after == before or check or outside.write(after, condition):
            return outcome
    raise ValueError(
        "it is there and cannot be read, or others write it all the time: check the rights of the "
        "identity `numbers`"
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "act": {"choices": ["reserve", "served"], "required": True},
            "store": {"type": "str", "required": True},
            "claim": {"type": "str"},
            "known": {"type": "int", "required": True},
            "distance": {"type": "int", "required": True},
            "outside": {"type": "dict", "required": True},
            "identity": {"type": "dict", "required": True, "no_log": True},
        },
        required_if=[("act", "reserve", ["claim"])],
        supports_check_mode=True,
    )
    params = module.params
    try:
        outside = Outside(params["outside"], params["identity"], params["store"])
        outcome = settle(outside, params, check=module.check_mode)
    except Exception as error:  # noqa: BLE001 - whatever it was, no number may be given out
        module.fail_json(
            msg=f"numbers/{params['store']}.json in the bucket {params['outside']['state_bucket']}:"
            f" {error}"
        )
    module.exit_json(**outcome)


if __name__ == "__main__":
    main()
