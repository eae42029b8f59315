"""Programs of `pulumi_aws` that the tests deploy: nothing in them knows of the sandbox."""

from __future__ import annotations

import json

import pulumi

from tests.integration.provider.aws import ec2, iam, kms, route53, s3, vpc

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChBOHpM6nXVLSmL9jfBLGGLh9sN6tLtMBWKqXFVa test"


def network() -> ec2.Subnet:
    """A VPC with a public and a private subnet and everything between them and the world."""
    net = ec2.Vpc("net", cidr_block="10.64.0.0/16", enable_dns_hostnames=True, tags={"Name": "net"})
    public = ec2.Subnet(
        "public",
        vpc_id=net.id,
        cidr_block="10.64.0.0/20",
        availability_zone="eu-west-3a",
        map_public_ip_on_launch=True,
    )
    private = ec2.Subnet(
        "private", vpc_id=net.id, cidr_block="10.64.16.0/20", availability_zone="eu-west-3a"
    )
    gateway = ec2.InternetGateway("gateway", vpc_id=net.id)
    address = ec2.Eip("nat", domain="vpc")
    nat = ec2.NatGateway("nat", subnet_id=public.id, allocation_id=address.id)
    out = ec2.RouteTable(
        "public", vpc_id=net.id, routes=[{"cidr_block": "0.0.0.0/0", "gateway_id": gateway.id}]
    )
    inside = ec2.RouteTable("private", vpc_id=net.id)
    ec2.Route(
        "private",
        route_table_id=inside.id,
        destination_cidr_block="0.0.0.0/0",
        nat_gateway_id=nat.id,
    )
    ec2.RouteTableAssociation("public", subnet_id=public.id, route_table_id=out.id)
    ec2.RouteTableAssociation("private", subnet_id=private.id, route_table_id=inside.id)
    ec2.VpcEndpoint(
        "s3",
        vpc_id=net.id,
        service_name="com.amazonaws.eu-west-3.s3",
        route_table_ids=[inside.id],
    )
    pulumi.export("vpc", net.id)
    pulumi.export("nat_address", address.public_ip)
    return private


def groups(subnet: ec2.Subnet) -> dict[str, ec2.SecurityGroup]:
    """Two security groups, with rules written in each of the three ways."""
    edge = ec2.SecurityGroup(
        "edge",
        vpc_id=subnet.vpc_id,
        ingress=[
            {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]},
            {
                "protocol": "tcp",
                "from_port": 22,
                "to_port": 22,
                "cidr_blocks": ["198.51.100.0/24", "198.18.0.0/24"],
                "description": "operators",
            },
        ],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    )
    db = ec2.SecurityGroup("db", vpc_id=subnet.vpc_id, description="the database")
    ec2.SecurityGroupRule(
        "db-from-edge",
        type="ingress",
        security_group_id=db.id,
        protocol="tcp",
        from_port=5432,
        to_port=5432,
        source_security_group_id=edge.id,
    )
    vpc.SecurityGroupIngressRule(
        "db-ssh",
        security_group_id=db.id,
        referenced_security_group_id=edge.id,
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
    )
    vpc.SecurityGroupEgressRule(
        "db-out", security_group_id=db.id, cidr_ipv4="0.0.0.0/0", ip_protocol="-1"
    )
    return {"edge": edge, "db": db}


def hosts(subnet: ec2.Subnet, image: str) -> None:
    """Two hosts behind security groups, one of them with an elastic address."""
    key = ec2.KeyPair("key", public_key=PUBLIC_KEY)
    made = {
        name: ec2.Instance(
            name,
            ami=image,
            instance_type="t3.small",
            subnet_id=subnet.id,
            vpc_security_group_ids=[group.id],
            key_name=key.key_name,
            user_data=pulumi.Output.secret("#cloud-config\nhostname: " + name),
            root_block_device={"volume_size": 20, "encrypted": True},
            metadata_options={"http_tokens": "required"},
            tags={"Name": name},
        )
        for name, group in groups(subnet).items()
    }
    address = ec2.Eip("edge", domain="vpc")
    ec2.EipAssociation("edge", instance_id=made["edge"].id, allocation_id=address.id)
    pulumi.export("db", made["db"].private_ip)
    pulumi.export("db_id", made["db"].id)
    pulumi.export("db_data", made["db"].user_data)
    pulumi.export("edge_address", address.public_ip)


def storage() -> None:
    """An encrypted, versioned, private bucket with an object, and who may write it."""
    key = kms.Key("key", description="of the bucket", enable_key_rotation=True)
    kms.Alias("key", name="alias/boutique", target_key_id=key.key_id)
    bucket = s3.Bucket("Backup", force_destroy=True, tags={"kind": "backup"})
    s3.BucketVersioning("backup", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
    s3.BucketServerSideEncryptionConfiguration(
        "backup",
        bucket=bucket.id,
        rules=[
            {
                "apply_server_side_encryption_by_default": {
                    "sse_algorithm": "aws:kms",
                    "kms_master_key_id": key.arn,
                },
                "bucket_key_enabled": True,
            }
        ],
    )
    s3.BucketPublicAccessBlock(
        "backup",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    policy = pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [bucket.arn],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )
    s3.BucketPolicy("backup", bucket=bucket.id, policy=policy)
    s3.BucketObjectv2("epoch", bucket=bucket.id, key="site/epoch.json", content='{"number": 1}')
    pulumi.export("bucket", bucket.bucket)
    writer(bucket)


def writer(bucket: s3.Bucket) -> None:
    """The one user who may write the bucket, over TLS only."""
    secure = iam.GetPolicyDocumentStatementConditionArgs(
        test="Bool", variable="aws:SecureTransport", values=["true"]
    )
    document = bucket.arn.apply(
        lambda arn: iam.get_policy_document(
            statements=[
                iam.GetPolicyDocumentStatementArgs(
                    sid="Write",
                    actions=["s3:PutObject", "s3:GetObject"],
                    resources=[f"{arn}/*"],
                    conditions=[secure],
                )
            ]
        )
    )
    user = iam.User("backup", name="boutique-backup", path="/drkit/")
    access = iam.AccessKey("backup", user=user.name)
    iam.UserPolicy("backup", user=user.name, policy=document.json)
    pulumi.export("key", access.id)
    pulumi.export("secret", access.secret)


def identities() -> None:
    """A role that instances may take, with a policy of each kind."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"},
            }
        ],
    }
    allow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}],
    }
    role = iam.Role("host", assume_role_policy=json.dumps(trust), description="of hosts")
    iam.RolePolicy("host", role=role.name, policy=json.dumps(allow))
    managed = iam.Policy("list", policy=json.dumps(allow))
    iam.RolePolicyAttachment("list", role=role.name, policy_arn=managed.arn)
    person = iam.User("operator")
    iam.UserPolicyAttachment("list", user=person.name, policy_arn=managed.arn)
    iam.InstanceProfile("host", role=role.name)
    pulumi.export("role", role.name)


def names() -> None:
    """A public zone with the records of a shop."""
    zone = route53.Zone("shop", name="shop.example", force_destroy=True)
    route53.Record(
        "apex", zone_id=zone.id, name="shop.example", type="A", ttl=60, records=["198.18.0.9"]
    )
    route53.Record(
        "www", zone_id=zone.id, name="www", type="CNAME", ttl=60, records=["shop.example"]
    )
    route53.HealthCheck(
        "shop",
        type="HTTPS",
        fqdn="shop.example",
        port=443,
        resource_path="/health",
        request_interval=10,
        failure_threshold=3,
        tags={"Name": "shop"},
    )
    pulumi.export("zone", zone.zone_id)
