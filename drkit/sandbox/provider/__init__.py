"""The sandbox's stand-in for Pulumi's `aws` plugin: the same programs, against the sandbox's API.

It is no mock of `pulumi_aws`: the real CLI starts it, and it speaks AWS's own API over HTTP to the
endpoints of a running sandbox. It runs no hosts: those follow the API (drkit.sandbox).
"""

from drkit.sandbox.provider.install import install

__all__ = ["install"]
