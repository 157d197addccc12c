"""A city's provider: a small but real one over HTTP, which checks PKCE and our secret, and which can be told to lie."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from acd.web.hub import Hub
from acd.web.server import WebServer

CLIENT, SECRET = "acd", "a secret: of % the provider"


KEY, OTHERS = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("one", "two"))
STRANGE = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
"""Has the name of ours, and is not."""
SHARED = OctKey.generate_key(256, {"kid": "shared", "use": "sig"})
"""A secret that a careless provider publishes among its keys."""


class Provider:
    def __init__(self) -> None:
        self.url = ""
        self.now = 0.0
        self.key = KEY
        self.person: dict[str, Any] = {"sub": "u-1", "preferred_username": "An.Peeters", "groups": ["coaches"]}
        self.claims: dict[str, Any] = {}
        """What the id_token says otherwise; None = leaves out."""
        self.metadata: dict[str, Any] = {}
        self.sign_with: Any = None
        self.careless = False
        self.header: dict[str, Any] = {}
        self.about_somebody_else = False
        self.only_userinfo: set[str] = set()
        """Claims that the id_token does not have, but userinfo does."""
        self.down = False
        self.codes: dict[str, dict[str, str]] = {}
        self.refused: list[str] = []
        self.app = FastAPI(openapi_url=None)
        self._add_routes()

    def _add_routes(self) -> None:
        @self.app.get("/.well-known/openid-configuration")
        async def metadata() -> Response:
            if self.down:
                return Response("busy", 503)
            told = {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize?tenant=gent",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "end_session_endpoint": f"{self.url}/logout",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            }
            return JSONResponse(told | self.metadata)

        @self.app.get("/authorize")
        async def authorize(request: Request) -> Response:
            asked = dict(request.query_params)
            assert asked["tenant"] == "gent"
            assert asked["response_type"] == "code"
            assert asked["code_challenge_method"] == "S256"
            assert "openid" in asked["scope"].split()
            code = secrets.token_urlsafe(8)
            self.codes[code] = asked
            query = urlencode({"code": code, "state": asked["state"], "iss": self.url})
            return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302)

        @self.app.post("/token")
        async def token(request: Request) -> Response:
            form = dict(parse_qsl((await request.body()).decode()))
            if fault := self._fault(request, form):
                self.refused.append(fault)
                return JSONResponse({"error": "invalid_grant"}, 400)
            asked = self.codes.pop(form["code"])
            return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": self.id_token(asked)})

        @self.app.get("/keys")
        async def keys() -> Response:
            shared = [SHARED.as_dict()] if self.careless else []
            return JSONResponse({"keys": [self.key.as_dict(private=False), *shared]})

        @self.app.get("/userinfo")
        async def userinfo(request: Request) -> Response:
            assert request.headers["authorization"] == "Bearer at"
            other = {"sub": "u-9"} if self.about_somebody_else else {}
            return JSONResponse(self.person | other)

    def _fault(self, request: Request, form: dict[str, str]) -> str | None:
        asked = self.codes.get(form.get("code", ""))
        if asked is None:
            return "code"
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if _base64(digest) != asked["code_challenge"]:
            return "verifier"
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return "redirect_uri"
        scheme, _, proof = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(proof).decode().partition(":")
        told = parse_qs(f"n={name}&s={secret}")
        return None if (scheme, told) == ("Basic", {"n": [CLIENT], "s": [SECRET]}) else "secret"

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(self.now)
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.person}
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        for name in self.only_userinfo:
            del claims[name]
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        if header["alg"] != "RS256":
            return self._by_hand(header, claims)
        return jwt.encode(header, claims, self.sign_with or self.key)

    def _by_hand(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Unsigned, or the old trick: a key that everybody has as the shared secret of HS256."""
        told = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        secret = SHARED.raw_value if header["kid"] == SHARED.kid else self.key.as_pem(private=False)
        proof = b"" if header["alg"] == "none" else hmac.new(secret, told.encode(), hashlib.sha256).digest()
        return f"{told}.{_base64(proof)}"

    def other_key(self) -> None:
        self.key = OTHERS


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    one = Provider()
    server = WebServer(one.app, Hub(lambda: None), port=0)
    await server.start()
    one.url = server.url
    try:
        yield one
    finally:
        await server.stop()


async def consent(url: str) -> str:
    """What the browser does at the provider; the address to which it is sent back."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(url)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
