"""What an administrator does before the service runs: check the city's files, write Asterisk's part, render prompts."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from acd.asterisk.recording import read_recording
from acd.asterisk.replay import replay
from acd.bootstrap.phones import write_access
from acd.bootstrap.settings import Settings
from acd.config import ZONE, City, ConfigError, load
from acd.config.private import make_private
from acd.ivr import (
    BuildReport,
    Catalogue,
    FlowError,
    Flows,
    Speaker,
    build_prompts,
    dialplan,
    load_catalogue,
    load_flows,
    recording_faults,
    survey_faults,
)
from acd.ivr.site import load_site
from acd.ivr.switch import Site, build_mark, frame_files, switch_config
from acd.model.facts import Fact


class CheckReport(msgspec.Struct, frozen=True):
    """What is wrong with the city's files, and a line about what is there."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    summary: str


def check(settings: Settings) -> CheckReport:
    """Every fault of ``queues.yaml``, of the menus and of the prompts.

    The menus speak of the city's lines: when ``queues.yaml`` has faults they cannot be checked, and that is said.
    """
    try:
        city = load(settings.queues)
    except ConfigError as error:
        faults = (*map(str, error.faults), f"{settings.flows}: not checked before queues.yaml is in order")
        return CheckReport(faults, (), "")
    try:
        flows, catalogue = _menus(settings, city)
    except FlowError as error:
        return CheckReport(tuple(map(str, error.faults)), tuple(map(str, city.warnings)), "")
    texts = {language: len(prompts) for language, prompts in catalogue.texts.items()}
    summary = (
        f"{city.name}: {len(city.policy.lines)} lines, {len(city.policy.operators)} operators, "
        f"{len(flows.flows)} menus, {len(flows.numbers)} numbers, "
        f"prompts {', '.join(f'{n} {language}' for language, n in texts.items())}"
    )
    return CheckReport((), tuple(map(str, city.warnings)), summary)


def _menus(settings: Settings, city: City) -> tuple[Flows, Catalogue]:
    catalogue = load_catalogue(settings.flows / "prompts")
    flows = load_flows(settings.flows, city.lines, catalogue)
    lines = city.policy.lines.values()
    if faults := [*survey_faults(catalogue, lines), *recording_faults(catalogue, lines)]:
        raise FlowError(faults)
    return flows, catalogue


def build_dialplan(settings: Settings, to: Path, site_file: Path | None = None) -> list[Path]:
    """Write all that Asterisk loads; files that stay the same are not touched.

    Args:
        to: folder for the files, Asterisk's ``/etc/asterisk``.
        site_file: trunk, addresses and passwords; ``site.yaml`` in the state folder by default.

    Raises:
        ConfigError: ``queues.yaml`` has faults.
        FlowError: the menus have faults.
        SiteError: the site has faults.
        BadSetting: a value would change the meaning of one of Asterisk's files.
        OSError: a file cannot be read or written.
    """
    city, site = _city_and_site(settings, site_file)
    files = _asterisk_files(settings, city, site)
    to.mkdir(parents=True, exist_ok=True)
    write_access(settings.state, city.policy, site)
    secret = settings.state / "ami.secret"
    _write(secret, site.ami_secret + "\n")
    return [_write(to / name, text) for name, text in files.items()]


def asterisk_files(settings: Settings, site_file: Path) -> dict[str, str]:
    """What :func:`build_dialplan` would write now: file name -> text. Raises what it raises."""
    return _asterisk_files(settings, *_city_and_site(settings, site_file))


def _city_and_site(settings: Settings, site_file: Path | None) -> tuple[City, Site]:
    city = load(settings.queues)
    devices = [operator.device for operator in city.policy.operators.values()]
    return city, load_site(site_file or settings.state / "site.yaml", devices)


def _asterisk_files(settings: Settings, city: City, site: Site) -> dict[str, str]:
    flows, _ = _menus(settings, city)
    partners = {id: line.partner for id, line in city.lines.items() if line.partner is not None}
    numbers = {id: line.dids[0] for id, line in city.lines.items() if line.dids}
    files = {
        **frame_files(),
        **switch_config(city.policy, site, partners, numbers),
        "acd-flows.conf": dialplan(flows, city, datetime.now(ZONE).date()),
    }
    return files | {"acd-build.conf": build_mark(files)}


def _write(path: Path, text: str) -> Path:
    """Whole or not at all, and readable by owner and group alone: there are passwords in it."""
    if path.exists() and path.read_text("utf-8") == text:
        make_private(path)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
    return path


def render_prompts(settings: Settings, to: Path, recordings: Path | None, command: str | None) -> BuildReport:
    """Render the catalogue to sounds; recorded files win.

    Raises:
        FlowError: the catalogue has faults.
        OSError: a file cannot be written.
        ValueError: the speech command does not say where its file goes.
    """
    return build_prompts(settings.flows / "prompts", recordings, to, Speaker(command) if command else None)


def recorded_facts(recording: Path) -> Iterator[tuple[float, Fact]]:
    """What a recorded session tells the engine: second since its start, and fact.

    Raises:
        BadRecording: its index does not fit.
        ProtocolError: it is no AMI.
        Forged: it holds a message that neither Asterisk nor our dialplan wrote.
        OSError: a file is missing.
    """
    return replay(read_recording(recording))
