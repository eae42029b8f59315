"""Starts the plugin: `python -m drkit.sandbox.provider`, as the Pulumi CLI does."""

import os

from drkit.sandbox.provider.server import main

if not os.environ.get("AWS_PROFILE"):
    # set to nothing means none, as for AWS's own provider; botocore would look for a profile ""
    os.environ.pop("AWS_PROFILE", None)
main()
