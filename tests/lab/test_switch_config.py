"""The generated part of Asterisk's configuration, as text."""

import pytest

from acd.ivr.switch import BadSetting, Site, frame_files, new_secrets, switch_config
from acd.model.ids import Device, LineId, OperatorId
from acd.model.policy import Line, Operator, Policy


def site(**other: object) -> Site:
    settings: dict[str, object] = {
        "ami_secret": "not-a-real-one",
        "phone_secrets": {Device("1001"): "geheim", Device("1002"): "geheim"},
        "trunk_hosts": ("192.0.2.0/28",),
    }
    return Site(**{**settings, **other})  # type: ignore[arg-type]


def policy(**names: str) -> Policy:
    lines = names or {"gentinfo": "Gentinfo", "lez": "LEZ-lijn"}
    return Policy(
        lines={LineId(id): Line(id=LineId(id), names={"nl": name}, ring_time=12.0) for id, name in lines.items()},
        operators={
            OperatorId("an"): Operator(OperatorId("an"), "An", Device("1001"), {LineId(id): 1 for id in lines}),
            OperatorId("bo"): Operator(OperatorId("bo"), "Bo", Device("1002"), {LineId(next(iter(lines))): 3}),
        },
    )


def written(policy: Policy, site: Site, **partners: str) -> dict[str, str]:
    return switch_config(policy, site, {LineId(line): number for line, number in partners.items()})


def test_fallback_members_follow_lines_and_levels() -> None:
    queues = written(policy(), site())["acd-queues.conf"]
    gentinfo, lez = queues.split("[acd-lez]")
    assert "member = PJSIP/1001,0\n" in gentinfo
    assert "member = PJSIP/1002,2\n" in gentinfo
    assert "timeout=12\n" in gentinfo
    assert "PJSIP/1002" not in lez


def test_every_file_that_is_included_is_written_or_there() -> None:
    frame = frame_files()
    files = {**frame, **written(policy(), site())}
    for text in frame.values():
        for row in text.splitlines():
            if row.startswith("#include"):
                assert row.split('"')[1] in files


def test_a_site_without_outgoing_calls_has_no_way_out() -> None:
    assert "\ncontact=" not in written(policy(), site())["acd-pjsip.conf"]
    pjsip = written(policy(), site(trunk_contact="sip:carrier.example:5060"))["acd-pjsip.conf"]
    assert "\ncontact=sip:carrier.example:5060\n" in pjsip


def test_a_partner_is_dialled_through_the_trunk() -> None:
    lines = written(policy(), site(), gentinfo="+3290000000")["acd-lines.conf"]
    assert "exten => gentinfo,1,Return(PJSIP/+3290000000@acd-trunk)\n" in lines


def test_a_name_cannot_break_out_of_its_line() -> None:
    text = written(policy(gentinfo="Info; [x]\nsecret=${SHELL(id)}\t#include"), site())["acd-lines.conf"]
    (row,) = [row for row in text.splitlines() if row.startswith("ACD_NAME_gentinfo=")]
    assert set(row) & set(";[]${}()#\t\"'\\") == set()


def test_two_operators_may_share_a_phone() -> None:
    shared = policy()
    twin = Operator(OperatorId("cy"), "Cy", Device("1002"), {LineId("gentinfo"): 1})
    shared = Policy(lines=shared.lines, operators={**shared.operators, twin.id: twin})
    files = written(shared, site())
    assert files["acd-pjsip.conf"].count("[1002](acd-phone)") == 1
    assert files["acd-queues.conf"].count("member = PJSIP/1002") == 1
    assert "member = PJSIP/1002,0\n" in files["acd-queues.conf"]


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"ami_secret": "short"}, "ami_secret"),
        ({"ami_secret": "long enough\nwrite=system"}, "ami_secret"),
        ({"ami_user": "acd]\n[root"}, "ami_user"),
        ({"trunk_hosts": ("carrier.example; x",)}, "trunk_hosts"),
        ({"trunk_contact": "sip:x\nallow=all"}, "trunk_contact"),
        ({"sip_bind": "0.0.0.0\nx=y"}, "sip_bind"),
        ({"phone_secrets": {Device("1001"): "geheim"}}, "operator bo"),
        ({"phone_secrets": {Device("1001"): "ge;heim", Device("1002"): "x"}}, "password of 1001"),
    ],
)
def test_what_would_change_the_meaning_of_a_file_is_refused_by_name(bad: dict[str, object], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        written(policy(), site(**bad))


@pytest.mark.parametrize("number", ["", "+32 9", "0900;x", "anna", "1" * 21])
def test_a_partner_must_be_a_number(number: str) -> None:
    with pytest.raises(BadSetting, match="partner of gentinfo"):
        written(policy(), site(), gentinfo=number)


def test_known_passwords_stay_and_new_ones_are_long() -> None:
    made = new_secrets([Device("1001"), Device("1002")], {Device("1001"): "known"})
    assert made[Device("1001")] == "known"
    assert len(made[Device("1002")]) >= 20


def test_the_other_servers_are_trunks_of_their_own_and_only_where_there_are_some() -> None:
    alone = written(policy(), site())
    assert "acd-peer" not in alone["acd-pjsip.conf"]
    assert "ACD_PEERS=\n" in alone["acd-lines.conf"]
    files = written(policy(), site(server="a", peers={"b": "192.0.2.12:5060", "c": "192.0.2.13:5070"}))
    assert "ACD_PEERS=b&c\n" in files["acd-lines.conf"]
    pjsip = files["acd-pjsip.conf"]
    assert "[acd-peer-b](acd-peer-aor)\ncontact=sip:192.0.2.12:5060\n" in pjsip
    assert "type=identify\nendpoint=acd-peer-c\nmatch=192.0.2.13/32\n" in pjsip


@pytest.mark.parametrize(
    ("peers", "named"),
    [
        ({"a": "192.0.2.12:5060"}, "peers"),
        ({"b;": "192.0.2.12:5060"}, "peers"),
        ({"b": "192.0.2.12"}, "peer b"),
        ({"b": "pbx.example:5060"}, "peer b"),
        ({"b": "192.0.2.12:5060\ncontext=acd-phones"}, "peer b"),
    ],
)
def test_a_server_that_is_none_is_refused_by_name(peers: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        written(policy(), site(server="a", peers=peers))
