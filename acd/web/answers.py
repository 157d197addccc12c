"""Answers of the API, made by msgspec, and their description."""

from typing import Any, get_args

import msgspec
from fastapi import FastAPI
from fastapi.responses import Response

REF = "#/components/schemas/{name}"


def answer(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def described(kind: Any, description: str, *others: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of an answer made by msgspec."""
    items = get_args(kind)
    name = REF.format(name=(items[0] if items else kind).__name__)
    schema = {"type": "array", "items": {"$ref": name}} if items else {"$ref": name}
    told: dict[int | str, dict[str, Any]] = {n: {"description": _OTHERS[n]} for n in others}
    return told | {200: {"description": description, "content": {"application/json": {"schema": schema}}}}


_OTHERS = {404: "There is none", 409: "Somebody was first", 422: "Something is missing or wrong", 503: "Not now"}


def describe(app: FastAPI, kinds: list[type]) -> None:
    """Add what msgspec makes to FastAPI's own description."""
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REF)
    description = app.openapi()
    known = description.setdefault("components", {}).setdefault("schemas", {})
    known.update(schemas)
    if "HTTPValidationError" in known:
        # What FastAPI finds wrong it lists; what we do, we say in words.
        found = known["HTTPValidationError"]["properties"]["detail"]
        known["HTTPValidationError"]["properties"]["detail"] = {"anyOf": [found, {"type": "string"}]}
    for methods in description["paths"].values():
        for told in methods.values():
            if "pages" in told["tags"] and "422" in told["responses"]:
                told["responses"]["422"]["content"]["text/html"] = {"schema": {"type": "string"}}
