"""The sandbox: AWS-like regions on one machine, under the real tools. Not for production."""
