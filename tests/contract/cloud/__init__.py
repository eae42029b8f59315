"""The cloud's adapters against moto over HTTP: epoch, DNS, identities, generations, preflight."""
