"""What the engine's AMI account may do on the real Asterisk, and what it may not. Whoever gets hold of its password can
do what is allowed here and nothing else."""

import asyncio

import pytest

from sim.lab import Habit, Lab
from tests.lab.stub import Stub

pytestmark = pytest.mark.asterisk

USED = {
    "DeviceStateList",
    "Getvar",
    "Hangup",
    "MixMonitorMute",
    "Originate",
    "Ping",
    "PlayDTMF",
    "Redirect",
    "Setvar",
    "Status",
}
"""By the engine."""

BESIDES = """
    AbsoluteTimeout Atxfer BlindTransfer Bridge BridgeDestroy BridgeInfo BridgeKick BridgeList BridgeTechnologyList
    BridgeTechnologySuspend BridgeTechnologyUnsuspend CancelAtxfer Events ExtensionState ExtensionStateList ListCommands
    LocalOptimizeAway MailboxCount MailboxStatus PJSIPHangup PresenceState
    QueueChangePriorityCaller QueueReload QueueReset QueueRule QueueStatus QueueSummary QueueWithdrawCaller SendText
    SendFlash StopMixMonitor
"""
"""They come with the classes "call" and "originate", or need none at all. Nothing in it runs a program, writes a file,
changes a setting or tells a password. They can end or move calls, as Redirect and Hangup can, and end a
recording, but never begin one."""

NEVER = """
    Command GetConfig GetConfigJSON UpdateConfig CreateConfig ListCategories ShowDialPlan DialplanExtensionAdd
    DialplanExtensionRemove DBGet DBGetTree DBPut DBDel DBDelTree ModuleLoad Reload LoggerRotate Filter QueueAdd
    QueueRemove QueuePause QueueLog UserEvent PJSIPShowRegistrationsOutbound PJSIPShowEndpoints PJSIPShowAuths
    PJSIPShowContacts PJSIPNotify PJSIPUnregister
"""
"""Each as good as a shell, a way to phones' passwords, or a way to hide what was done."""

PROGRAMS = ("System", "TrySystem", "Exec", "TryExec", "ExecIf", "AGI", "EAGI", "MixMonitor", "ExternalIVR")
"""Applications that run a program or write a file: Originate would carry them out."""

READ_OR_WRITE_FILES = (
    "SHELL(id)",
    "ENV(PATH)",
    "AST_CONFIG(manager.conf,acd,secret)",
    "AST_CONFIG(pjsip.conf,1001,password)",
    "FILE(/etc/passwd)",
    "DB(acd/x)",
    "REALTIME(x,y,z)",
    "CURL(http://127.0.0.1/)",
)


async def _refused(engine: Stub, action: str, **fields: str) -> bool:
    answer = await engine.action(Action=action, **fields)
    return answer["Response"] == "Error" and answer["Message"] == "Permission denied"


async def test_of_all_actions_of_this_asterisk_only_those_named_here_are_allowed(lab: Lab, engine: Stub) -> None:
    rows = lab.cli("manager show commands").splitlines()
    actions = {row.split()[0] for row in rows if row.startswith("  ") and row.split()[0].isalnum()} - {"Action"}
    assert len(actions) > 60
    asked = actions - {"Login", "Logoff", "Challenge", "WaitEvent"}
    allowed = {action for action in sorted(asked) if not await _refused(engine, action)}
    assert allowed - USED - set(BESIDES.split()) == set()
    assert allowed >= USED
    for action in sorted(actions.intersection(NEVER.split())):
        assert await _refused(engine, action), action
    assert {"Command", "UpdateConfig", "GetConfig", "ModuleLoad", "DBPut"} <= actions


@pytest.mark.parametrize("application", PROGRAMS)
async def test_originate_runs_no_program(lab: Lab, engine: Stub, application: str) -> None:
    fields = {"Channel": "Local/s@acd-wait", "Application": application, "Data": "touch /tmp/acd-was-here"}
    answer = await engine.action(Action="Originate", **fields)
    assert answer["Response"] == "Error", answer
    assert not await asyncio.to_thread((lab.root / "tmp/acd-was-here").exists)


@pytest.mark.parametrize("name", READ_OR_WRITE_FILES)
async def test_no_variable_reads_passwords_files_or_the_environment(lab: Lab, engine: Stub, name: str) -> None:
    assert await engine.getvar(name) in ("", "(null)")
    await engine.setvar(name, "acd-was-here")
    assert await engine.getvar(name) in ("", "(null)")


async def test_only_events_that_the_engine_reads_come_over(lab: Lab, engine: Stub) -> None:
    """The account is told to send everything that it may."""
    await engine.action(Action="Events", EventMask="on")
    async with lab.phone("1001", Habit()), lab.citizen("+32470000555") as citizen:
        call = citizen.call("092101010")
        channel = await engine.arrival("+32470000555")
        await engine.offer(channel, 5, "1001")
        await engine.event("AcdUp", Offer="5")
        await call.hang_up()
    await engine.quiet(lab)
    seen = {frame.get("UserEvent", frame["Event"]) for frame in engine.events}
    foreign = {name for name in seen if not name.startswith("Acd")}
    assert foreign <= {
        "FullyBooted",
        "DialBegin",
        "DialState",
        "DeviceStateChange",
        "ContactStatus",
        "Hangup",
    }, foreign
