"""What the nodes of a menu are called, for whoever reads the way of a call."""

from pathlib import Path

from acd.config import load
from acd.ivr import load_captions
from tests.ivr.city import flows_of, small_city

ROOT = Path(__file__).parents[2]
MAIN = """
answers: gentinfo
languages: [nl, en]
nodes:
  start:
    menu: choose
    keys: {1: queue sportlijn, 2: uitleg}
    otherwise: wacht
    captions: {nl: Keuze, fr: Choix}
  uitleg: {info: answer}
  wacht: {queue: gentinfo, captions: {nl: Wachten, en: Waiting, fr: Attente}}
"""
DID = "3292101010"


def test_each_node_is_called_in_the_readers_language_or_in_dutch_or_by_its_id(tmp_path: Path) -> None:
    flows_of(tmp_path, MAIN)
    menus = load_captions(tmp_path, small_city())
    path = "start>uitleg>start>wacht"
    assert menus.steps(DID, path, "fr") == ["Choix", "uitleg", "Choix", "Attente"]
    assert menus.steps(DID, path, "en") == ["Keuze", "uitleg", "Keuze", "Waiting"]
    # A step that waits is called as its line is.
    assert menus.steps(DID, "start>queue__sportlijn", "nl") == ["Keuze", "Sportlijn"]


def test_what_todays_menus_do_not_know_is_shown_as_it_is(tmp_path: Path) -> None:
    flows_of(tmp_path, MAIN)
    menus = load_captions(tmp_path, small_city())
    assert menus.steps(DID, "start>belasting_oud", "nl") == ["Keuze", "belasting_oud"]
    assert menus.steps("3291234567", "start>wacht", "nl") == ["start", "wacht"]
    assert menus.steps(None, None, "nl") == []


def test_a_file_with_faults_costs_the_other_menus_nothing(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(MAIN)
    (tmp_path / "broken.yaml").write_text("nodes: {start: [")
    (tmp_path / "vague.yaml").write_text("answers: [nowhere]\nnodes:\n  start: {queue: nowhere, captions: 3}\n")
    assert load_captions(tmp_path, small_city()).steps(DID, "start", "nl") == ["Keuze"]


def test_every_node_of_the_examples_is_called_something_in_three_languages() -> None:
    menus = load_captions(ROOT / "ivr_flows", load(ROOT / "queues.yaml"))
    assert len(menus.numbers) == 8
    for flow, nodes in menus.captions.items():
        for node, captions in nodes.items():
            assert "__" in node or captions.keys() == {"nl", "en", "fr"}, f"{flow}: {node}"
