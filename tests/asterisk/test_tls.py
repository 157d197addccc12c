"""AMI over TLS on the real Asterisk: whoever cannot show that he is our Asterisk does not hear the password."""

import asyncio
import datetime
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from acd.asterisk import AmiSettings
from acd.asterisk.session import AmiSession, SessionEnded
from acd.asterisk.tls import NoAuthority, ami_tls
from acd.bootstrap.settings import ClearText, Settings
from acd.ivr.switch import Site
from sim.lab import Lab

DAY = datetime.timedelta(days=1)


class Authority:
    """One that signs certificates, and its own in a file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem(self._signed(self.name, self.key, (), 1, authority=True)))

    def host(self, *names: x509.GeneralName, days: int = 1) -> str:
        """Certificate and key for a host, as one text. It ended yesterday when ``days`` is negative."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pbx")])
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return (_pem(self._signed(subject, key, names, days)) + private).decode()

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: tuple[x509.GeneralName, ...],
        days: int,
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 9 * DAY)
            .not_valid_after(now + days * DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
SECRET = SecretStr("geheim-genoeg")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), "the-citys-own")


class TlsLab(Lab):
    """One whose AMI is on TLS too, with the configuration that the product writes."""

    @property
    def site(self) -> Site:
        file = f"{self._inside}/etc/ami.pem"
        return msgspec.structs.replace(
            super().site,
            ami_tls_bind=f"127.0.0.1:{self.slot.port(3)}",
            ami_tls_certificate=file,
            ami_tls_key=file,
            ami_engines=("127.0.0.9",),
        )

    def show(self, certificate: str) -> None:
        """From now on Asterisk has this one. It reads a file of the same name only once."""
        etc = self.folder / "etc"
        name = f"ami-{len(list(etc.glob('ami*.pem')))}.pem"
        (etc / name).write_text(certificate, "utf-8")
        config = etc / "acd-manager.conf"
        config.write_text(re.sub(r"/ami[\w-]*\.pem", f"/{name}", config.read_text("utf-8")), "utf-8")
        self.cli("manager reload")

    def settings(self, authority: Authority, host: str = "127.0.0.1") -> AmiSettings:
        return AmiSettings(
            host=host, port=self.slot.port(3), user=self.ami_user, secret=self.ami_secret, tls=ami_tls(authority.file)
        )


@pytest.fixture(scope="module")
def lab(ours: Authority) -> Iterator[TlsLab]:
    with TlsLab(files={"ami.pem": ours.host(LOOPBACK)}) as lab:
        yield lab


async def opened(settings: AmiSettings) -> str:
    """Why it could not be opened; empty when it could."""
    session = AmiSession(settings, lambda _: None)
    try:
        await session.open()
    except SessionEnded as ended:
        return ended.reason
    finally:
        session.close()
        await asyncio.sleep(0.05)
    return ""


def logins(lab: Lab) -> int:
    """How often anybody has shown a password, right or wrong."""
    security = (lab.folder / "log/security").read_text("utf-8")
    return security.count("SuccessfulAuth") + security.count("InvalidPassword") + security.count("ChallengeResponse")


@pytest.mark.asterisk
async def test_an_asterisk_that_shows_who_it_is_is_believed(lab: TlsLab, ours: Authority) -> None:
    before = logins(lab)
    lab.show(ours.host(LOOPBACK))
    assert await opened(lab.settings(ours)) == ""
    assert logins(lab) == before + 1


@pytest.mark.asterisk
@pytest.mark.parametrize(
    ("whose", "names", "days", "why"),
    [
        ("another", (LOOPBACK,), 1, "unable to get local issuer certificate"),
        ("ours", (LOOPBACK,), -1, "certificate has expired"),
        ("ours", (x509.DNSName("other.example"),), 1, "IP address mismatch"),
        ("ours", (), 1, "IP address mismatch"),
    ],
    ids=["of another authority", "expired", "of another host", "of nobody"],
)
async def test_no_password_goes_to_an_asterisk_that_cannot(
    lab: TlsLab,
    ours: Authority,
    tmp_path: Path,
    whose: str,
    names: tuple[x509.GeneralName, ...],
    days: int,
    why: str,
) -> None:
    signer = ours if whose == "ours" else Authority(tmp_path, "another")
    before = logins(lab)
    lab.show(signer.host(*names, days=days))
    reason = await opened(lab.settings(ours))
    assert why in reason
    assert "cannot show that it is our Asterisk" in reason
    assert logins(lab) == before


@pytest.mark.asterisk
async def test_clear_text_is_no_tls_and_tls_no_clear_text(lab: TlsLab, ours: Authority) -> None:
    lab.show(ours.host(LOOPBACK))
    settings = lab.settings(ours)
    plain = AmiSettings(port=lab.ami_port, user=lab.ami_user, secret=lab.ami_secret, tls=settings.tls)
    assert "no TLS with" in await opened(plain)
    clear = AmiSettings(port=settings.port, user=lab.ami_user, secret=lab.ami_secret, connect_timeout=2)
    assert await opened(clear) != ""


@pytest.mark.parametrize("host", ["192.0.2.7", "pbx.example", "127.0.0.1.example", ""])
def test_nothing_goes_to_another_host_in_clear_text(host: str) -> None:
    with pytest.raises(ClearText, match="ACD_AMI_TLS"):
        Settings(ami_host=host, ami_secret=SECRET).ami()
    assert Settings(ami_host=host, ami_secret=SECRET, ami_clear_text=True).ami().tls is None
    tls = Settings(ami_host=host, ami_secret=SECRET, ami_tls=True).ami().tls
    assert tls is not None and tls.check_hostname


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.3.2.1", "::1"])
def test_on_this_machine_clear_text_is_enough(host: str) -> None:
    assert Settings(ami_host=host, ami_secret=SECRET).ami().tls is None


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"])
def test_a_file_without_an_authority_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(NoAuthority, match=r"ca\.pem"):
        ami_tls(tmp_path / "ca.pem")
    with pytest.raises(NoAuthority, match=r"gone\.pem"):
        ami_tls(tmp_path / "gone.pem")
