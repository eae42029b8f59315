"""Decides the JSON of an IAM policy from the statements of `iam.getPolicyDocument`.

Pure, as in the real provider: one value is written as text, several as a sorted list, and the
documents that it starts from or is overridden by are merged by their statements' ids.
"""

import json
from collections.abc import Iterable

from drkit.sandbox.provider.wire import Properties, Value

_LISTS = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}


def policy_document(arguments: Properties) -> Properties:
    """The answer of the look-up: `json`, indented by two, and `minifiedJson`."""
    statements = [_statement(each) for each in arguments.get("statements") or ()]
    document: Properties = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    sources = _documents(arguments, "sourceJson", "sourcePolicyDocuments")
    overrides = _documents(arguments, "overrideJson", "overridePolicyDocuments")
    merged = _merged([*sources, statements, *overrides])
    if merged:
        document["Statement"] = merged
    minified = json.dumps(document, separators=(",", ":"))
    return {"json": json.dumps(document, indent=2), "minifiedJson": minified, "id": minified[:32]}


def _documents(arguments: Properties, one: str, many: str) -> list[list[Properties]]:
    texts = [arguments.get(one), *(arguments.get(many) or ())]
    return [json.loads(text).get("Statement", []) for text in texts if text]


def _merged(documents: Iterable[list[Properties]]) -> list[Properties]:
    """All statements; a later one takes the place of an earlier one of the same id."""
    merged: list[Properties] = []
    for statement in (each for document in documents for each in document):
        sid = statement.get("Sid")
        places = [index for index, each in enumerate(merged) if sid and each.get("Sid") == sid]
        if places:
            merged[places[0]] = statement
        else:
            merged.append(statement)
    return merged


def _statement(given: Properties) -> Properties:
    statement: Properties = {"Sid": given["sid"]} if given.get("sid") else {}
    statement["Effect"] = given.get("effect") or "Allow"
    for name, key in _LISTS.items():
        if given.get(name):
            statement[key] = _few(given[name])
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(name):
            statement[key] = _principals(given[name])
    conditions: Properties = {}
    for condition in given.get("conditions") or ():
        tests = conditions.setdefault(condition["test"], {})
        tests[condition["variable"]] = _few(condition["values"])
    if conditions:
        statement["Condition"] = conditions
    return statement


def _principals(given: list[Properties]) -> Value:
    if any(each["type"] == "*" and each["identifiers"] == ["*"] for each in given):
        return "*"
    return {each["type"]: _few(each["identifiers"]) for each in given}


def _few(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else sorted(values)
