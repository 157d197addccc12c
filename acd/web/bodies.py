"""What programs and pages send as JSON."""

from typing import Any, TypeVar

import msgspec
from fastapi import HTTPException, Request

from acd.web.answers import REF

T = TypeVar("T")


async def decoded(request: Request, kind: type[T]) -> T:
    """
    Raises:
        HTTPException: 422, it is something else.
    """
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise HTTPException(422, str(error)) from None


def body_of(name: str) -> dict[str, Any]:
    """OpenAPI's description of a body that msgspec reads."""
    content = {"application/json": {"schema": {"$ref": REF.format(name=name)}}}
    return {"requestBody": {"content": content, "required": True}}
