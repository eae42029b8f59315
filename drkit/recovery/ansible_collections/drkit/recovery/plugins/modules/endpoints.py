"""Asks addresses from a host for what they answer, all at once. Changes nothing.

Refuses nothing: that nobody answers is an answer.
"""

import http.client
import ssl
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: endpoints
short_description: What addresses answer a host
description:
  - A GET of the front page of each, with the certificates that the host trusts. Redirects are not
    followed.
options:
  urls:
    description: Name to address.
    required: true
    type: dict
  limit:
    description: Seconds for one answer.
    default: 4
    type: int
author: drkit
"""

EXAMPLES = r"""
- name: Ask the payment provider
  drkit.recovery.endpoints:
    urls: {card-a: "https://card-a.example"}
"""

RETURN = r"""
heard:
  description: Name to C(status), 0 where nobody answered, and C(said), why not.
  type: dict
  returned: always
"""


class AnyStatus(urllib.request.HTTPErrorProcessor):
    """Lets every answer pass."""

    def http_response(self, request: Any, response: Any) -> Any:  # noqa: ARG002 - given so
        """Return the response as it is."""
        return response

    https_response = http_response


def ask(url: str, limit: float) -> dict[str, Any]:
    """Return what the front page answers."""
    opener = urllib.request.build_opener(
        AnyStatus, urllib.request.HTTPSHandler(context=ssl.create_default_context())
    )
    try:
        with opener.open(url.rstrip("/") + "/", timeout=limit) as response:
            return {"status": response.status, "said": ""}
    except (OSError, ValueError, http.client.HTTPException) as error:
        said = str(getattr(error, "reason", None) or error) or type(error).__name__
        return {"status": 0, "said": said}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "urls": {"type": "dict", "required": True},
            "limit": {"type": "int", "default": 4},
        },
        supports_check_mode=True,
    )
    urls, limit = module.params["urls"], module.params["limit"]
    with ThreadPoolExecutor(max(len(urls), 1)) as pool:
        heard = list(pool.map(lambda url: ask(url, limit), urls.values()))
    module.exit_json(changed=False, heard=dict(zip(urls, heard, strict=True)))


if __name__ == "__main__":
    main()
