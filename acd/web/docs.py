"""The description of the API as a page: made here, of the same description that machines read at ``/openapi.json``.

No script, nothing from elsewhere: it opens under the same rules as every other page, by keyboard and in three
languages.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from acd.web.access import ACCESS, Access
from acd.web.shell import Shell

METHODS: Final = ("get", "post", "put", "patch", "delete")


class Parameter(msgspec.Struct, frozen=True):
    name: str
    where: str
    kind: str
    required: bool


class Answered(msgspec.Struct, frozen=True):
    status: str
    description: str
    kind: str


class Operation(msgspec.Struct, frozen=True):
    """One thing that can be asked."""

    id: str
    method: str
    path: str
    summary: str
    access: Access
    parameters: tuple[Parameter, ...]
    body: str
    answers: tuple[Answered, ...]


class Described(msgspec.Struct, frozen=True):
    """One kind of data."""

    name: str
    description: str
    fields: tuple[Parameter, ...]
    values: str
    """Of a list of words."""


def operations(description: Mapping[str, Any]) -> Iterator[Operation]:
    """What programs can ask, in the order of the description. Pages are for people, and left out."""
    for path, methods in description["paths"].items():
        for method in METHODS:
            if (told := methods.get(method)) and "pages" not in told.get("tags", ()):
                yield _operation(path, method, told)


def _operation(path: str, method: str, told: Mapping[str, Any]) -> Operation:
    parameters = tuple(
        Parameter(one["name"], one["in"], kind_of(one.get("schema", {})), one.get("required", False))
        for one in told.get("parameters", ())
    )
    answers = tuple(
        Answered(status, answer.get("description", ""), _content(answer))
        for status, answer in told["responses"].items()
    )
    body = _content(told.get("requestBody", {}))
    summary = told.get("description") or told.get("summary", "")
    id = f"{method}{path}".replace("/", "-").replace("{", "").replace("}", "")
    access = ACCESS[method.upper(), path]
    return Operation(id, method.upper(), path, summary.replace("``", ""), access, parameters, body, answers)


def _content(told: Mapping[str, Any]) -> str:
    found = told.get("content", {}).get("application/json", {})
    return kind_of(found["schema"]) if "schema" in found else ""


def kinds(description: Mapping[str, Any]) -> Iterator[Described]:
    """The data that answers are made of."""
    for name, told in sorted(description.get("components", {}).get("schemas", {}).items()):
        required = told.get("required", ())
        fields = tuple(
            Parameter(field, "", kind_of(schema), field in required)
            for field, schema in told.get("properties", {}).items()
        )
        values = ", ".join(map(str, told.get("enum", ())))
        yield Described(name, told.get("description", "").partition("\n\n")[0], fields, values)


def kind_of(schema: Mapping[str, Any]) -> str:
    """A schema in few words: ``number``, ``list of WorkRow``, ``text or null``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(kind_of(one) for one in schema[word]))
    words = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    return " | ".join(map(str, words)) or _plain(schema)


def _plain(schema: Mapping[str, Any]) -> str:
    more = schema.get("additionalProperties")
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"list of {', '.join(map(kind_of, schema['prefixItems']))}"
        case "array":
            return f"list of {kind_of(schema.get('items', {}))}"
        case "object" if isinstance(more, Mapping):
            return f"{kind_of(more)} by name"
        case "string":
            return "text"
        case other:
            return str(other or "anything")


def add_docs(app: FastAPI, shell: Shell) -> None:
    @app.get("/docs", response_class=HTMLResponse, tags=["pages"])
    async def docs(request: Request) -> Response:
        """The API, described for people."""
        description = app.openapi()
        return shell.page(
            request,
            "docs.html",
            operations=list(operations(description)),
            kinds=list(kinds(description)),
            names={kind.name for kind in kinds(description)},
        )
