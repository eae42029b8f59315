"""The stand-in aws plugin under the real Pulumi CLI, with moto as its cloud."""
