"""The reference shop: five small services over one database, one Redis and a folder of images.

An order is promised to a customer only when it is committed here and captured at the payment
provider; what a crash leaves in between is settled by asking the provider with the same key. The
whole of it is told in docs/explanation/reference-shop.md. It runs on what Debian 12 packages.
"""
