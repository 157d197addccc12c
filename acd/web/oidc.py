"""Signing in at the city's own provider: OpenID Connect, authorization code with PKCE.

What a browser brings back counts only together with what it was given when it left (state, nonce, code verifier), and
the provider's word only when signed by one of its keys for us, now. Algorithms are ours to choose: a provider that
offers ``none`` or a shared secret for signing gets neither.
"""

import secrets
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from acd.model.account import Identity, Role
from acd.model.ids import OperatorId
from acd.model.mendable import Mendable

LEEWAY: Final = 60
"""Seconds by which the provider's clock and ours may differ."""
PATIENCE: Final = 600.0
"""Seconds that somebody may take at the provider."""
TIMEOUT: Final = 8.0
"""Seconds for one answer of the provider."""
KEEP: Final = 3600.0
"""Seconds for which what the provider says about itself is believed. Its keys: until one is unknown."""
ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CAME_FROM: Final = "from_city"
"""In the cookie of a session: it was opened so, and can be ended at the provider too."""
RANK: Final = (Role.ADMIN, Role.SUPERVISOR, Role.OPERATOR)
"""Who has several roles gets the first of these."""


class ProviderAway(Mendable):
    """The city's provider cannot be asked: {why}."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the city's provider cannot be asked: {why}")


class NotProven(Exception):
    """{why what came back proves nothing}; for the log, not for the page."""


class NoRole(Exception):
    """He is who he says, and has no role here."""


class OidcSettings(msgspec.Struct, frozen=True):
    """The city's provider."""

    issuer: str
    client: str
    """Our id there."""
    secret: str = msgspec.field(default="")
    """Empty = we are a public client: PKCE alone proves that we are the one who asked."""
    roles: Mapping[str, Role] = {}
    """Value of the claim -> role here."""
    role_claim: str = "groups"
    """Claim with groups or roles, a text or a list; ``realm_access.roles`` looks inside."""
    name_claim: str = "preferred_username"
    operator_claim: str = ""
    """Claim with who he is in ``queues.yaml``; empty = an administrator says so."""
    scopes: str = "openid profile"
    label: str = ""
    """What people call it; empty = its host name."""


class Pending(msgspec.Struct, frozen=True):
    """Somebody is at the provider; his browser carries this meanwhile, signed by us."""

    state: str
    nonce: str
    verifier: str
    next: str
    at: float


class _Known(msgspec.Struct, frozen=True):
    """What the provider says about itself."""

    at: float
    authorization: str
    token: str
    jwks: str
    userinfo: str
    end_session: str


class Oidc:
    """Asks the city's provider.

    Args:
        settings: where it is, and what its groups mean.
        clock: seconds since the epoch.
        transport: another way to it than the network.

    Raises:
        ProviderAway: its address is not one that can be believed.
    """

    def __init__(
        self,
        settings: OidcSettings,
        *,
        clock: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings: Final = settings
        self._clock = clock
        self._transport = transport
        self._known: _Known | None = None
        self._keys: KeySet | None = None
        _check_address(settings.issuer, "issuer")

    @property
    def label(self) -> str:
        return self.settings.label or (urlsplit(self.settings.issuer).hostname or "")

    async def begin(self, back: str, next: str) -> tuple[str, Pending]:
        """Where the browser goes, and what it carries meanwhile.

        Args:
            back: address of ours to which it returns.
            next: page to open then.

        Raises:
            ProviderAway: it says nothing about itself.
        """
        known = await self._metadata()
        token = secrets.token_urlsafe
        pending = Pending(token(32), token(32), token(48), next, self._clock())
        query = {
            "response_type": "code",
            "client_id": self.settings.client,
            "redirect_uri": back,
            "scope": self.settings.scopes,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": create_s256_code_challenge(pending.verifier),
            "code_challenge_method": "S256",
        }
        return _with(known.authorization, query), pending

    async def finish(self, pending: Pending, back: str, query: Mapping[str, str]) -> Identity:
        """Who came back.

        Raises:
            NotProven: it is not what we asked for, or not for us.
            NoRole: he has none here.
            ProviderAway: it does not answer.
        """
        self._check_return(pending, query)
        known = await self._metadata()
        tokens = await self._exchange(known, pending, back, query["code"])
        claims = await self._claims(known, pending, tokens)
        return self._identity(claims)

    async def end_session(self, back: str) -> str | None:
        """Where somebody signs out of the provider too; None = it has no such page, or cannot be asked."""
        try:
            known = await self._metadata()
        except ProviderAway:
            return None
        query = {"client_id": self.settings.client, "post_logout_redirect_uri": back}
        return _with(known.end_session, query) if known.end_session else None

    # --- Each step ----------------------------------------------------------------------------------------------------

    def _check_return(self, pending: Pending, query: Mapping[str, str]) -> None:
        if not secrets.compare_digest(query.get("state", "").encode(), pending.state.encode()):
            raise NotProven("the state is not the one that this browser left with")
        if self._clock() - pending.at > PATIENCE:
            raise NotProven("it took too long")
        if query.get("iss", self.settings.issuer) != self.settings.issuer:
            raise NotProven("the answer is of another provider")
        if "error" in query:
            raise NotProven(f"the provider refused: {query['error'][:60]!r}")
        if not query.get("code"):
            raise NotProven("there is no code")

    async def _exchange(self, known: _Known, pending: Pending, back: str, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.settings.client,
            "code_verifier": pending.verifier,
        }
        proof = None
        if self.settings.secret:
            proof = httpx.BasicAuth(quote(self.settings.client, safe=""), quote(self.settings.secret, safe=""))
        tokens = await self._ask("POST", known.token, data=form, auth=proof)
        if not isinstance(tokens.get("id_token"), str):
            raise NotProven("the provider gave no id_token")
        return tokens

    async def _claims(self, known: _Known, pending: Pending, tokens: Mapping[str, Any]) -> dict[str, Any]:
        try:
            token = await self._decoded(known, tokens["id_token"])
            options: dict[str, Any] = {
                "iss": {"essential": True, "value": self.settings.issuer},
                "aud": {"essential": True, "value": self.settings.client},
                "sub": {"essential": True},
            }
            params = {"nonce": pending.nonce, "client_id": self.settings.client}
            if access := tokens.get("access_token"):
                params["access_token"] = access
            claims = CodeIDToken(token.claims, token.header, options, params)
            claims.validate(now=int(self._clock()), leeway=LEEWAY)
        except (JoseError, SecurityWarning, ValueError, TypeError, KeyError, AttributeError) as error:
            raise NotProven(f"the id_token proves nothing: {error}") from None
        if _inside(claims, self.settings.role_claim) is None and known.userinfo and access:
            claims = {**await self._userinfo(known, str(access), claims["sub"]), **claims}
        return dict(claims)

    async def _decoded(self, known: _Known, token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        fresh = self._keys is None
        keys = self._keys or await self._fetch_keys(known)
        try:
            return jwt.decode(token, keys, registry=registry)
        except InvalidKeyIdError:
            if fresh:
                raise
            # It has changed its keys since.
            return jwt.decode(token, await self._fetch_keys(known), registry=registry)

    async def _fetch_keys(self, known: _Known) -> KeySet:
        told = await self._ask("GET", known.jwks)
        with warnings.catch_warnings():
            # A key that is too short proves nothing.
            warnings.simplefilter("error", SecurityWarning)
            self._keys = KeySet.import_key_set(told)  # type: ignore[arg-type]
        return self._keys

    async def _userinfo(self, known: _Known, access: str, subject: str) -> dict[str, Any]:
        """What else it tells about him."""
        found = await self._ask("GET", known.userinfo, headers={"Authorization": f"Bearer {access}"})
        if found.get("sub") != subject:
            raise NotProven("the provider's userinfo is about somebody else")
        return found

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        settings = self.settings
        found = _inside(claims, settings.role_claim)
        groups = found if isinstance(found, list) else [found]
        held = {settings.roles[group] for group in groups if isinstance(group, str) and group in settings.roles}
        role = next((role for role in RANK if role in held), None)
        if role is None:
            raise NoRole
        name = _inside(claims, settings.name_claim)
        operator = _inside(claims, settings.operator_claim) if settings.operator_claim else None
        return Identity(
            settings.issuer,
            str(claims["sub"]),
            name.strip().lower() if isinstance(name, str) else "",
            role,
            OperatorId(operator) if isinstance(operator, str) and operator else None,
            bool(settings.operator_claim),
        )

    # --- Its word -----------------------------------------------------------------------------------------------------

    async def _metadata(self) -> _Known:
        if self._known is not None and self._clock() - self._known.at < KEEP:
            return self._known
        told = await self._ask("GET", self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if told.get("issuer") != self.settings.issuer:
            raise ProviderAway(f"it calls itself {told.get('issuer')!r}, not {self.settings.issuer!r}")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint")
        addresses = [told.get(name) or "" for name in names]
        for name, address in zip(names, addresses, strict=True):
            if address or name in names[:3]:
                _check_address(address, name)
        self._known = _Known(self._clock(), *addresses)
        return self._known

    async def _ask(self, method: str, url: str, **what: Any) -> dict[str, Any]:
        """
        Raises:
            NotProven: it refuses what was asked.
            ProviderAway: it does not answer, or not in JSON.
        """
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT, trust_env=False) as client:
                answer = await client.request(method, url, **what)
            if method == "POST" and 400 <= answer.status_code < 500:
                raise NotProven(f"the provider refuses the code ({answer.status_code})")
            answer.raise_for_status()
            told = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ProviderAway(str(error) or type(error).__name__) from None
        if not isinstance(told, dict):
            raise ProviderAway("its answer is not a JSON object")
        return told


def _check_address(url: object, what: str) -> None:
    """
    Raises:
        ProviderAway: not https, unless of this very machine.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        good = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
        )
    except ValueError:
        good = False
    if not good:
        raise ProviderAway(f"its {what} is {url!r}, which is not an https address")


def _with(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _inside(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of that name, or inside: ``realm_access.roles``. None = there is none."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
