"""What programs and pages send as JSON."""

from typing import Any, Final, TypeVar

import msgspec
from fastapi import HTTPException, Request

from acd.web.answers import REF

T = TypeVar("T")

NUL: Final = "a NUL is no text"
"""PostgreSQL keeps none."""


async def decoded(request: Request, kind: type[T]) -> T:
    """
    Raises:
        HTTPException: 422, it is something else, or there is a NUL in it.
    """
    body = await request.body()
    if b"\\u0000" in body:
        raise HTTPException(422, NUL)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise HTTPException(422, str(error)) from None


def body_of(name: str) -> dict[str, Any]:
    """OpenAPI's description of a body that msgspec reads."""
    content = {"application/json": {"schema": {"$ref": REF.format(name=name)}}}
    return {"requestBody": {"content": content, "required": True}}
