"""The parts of pulumi_aws that the tests use, loaded before pytest looks at them.

They load at the first look (pulumi 3.259), and then warn of their own deprecated types
(pulumi-aws 7.51): under `filterwarnings = error` pytest's look at a test module's names would leave
them half-loaded.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_aws as root
    from pulumi_aws import ec2, iam, kms, rds, route53, s3, vpc

    LOADED = [ec2.Vpc, iam.User, kms.Key, rds.Instance, route53.Zone, s3.Bucket]
    LOADED += [vpc.SecurityGroupIngressRule]

__all__ = ["ec2", "iam", "kms", "rds", "root", "route53", "s3", "vpc"]
