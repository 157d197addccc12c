"""What docs/api.md shows a receiver is what it gets."""

import re
import time
from pathlib import Path
from typing import Any

from acd.config import parse
from acd.hooks.signing import new_secret, read_secret, signed
from acd.model.hook import NewsKind

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def test_the_sample_believes_us_and_nobody_else() -> None:
    found = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(found[1], names)
    secret, now = new_secret(), time.time()
    headers = signed(read_secret("crm", secret), "e1", now, b"{}")
    assert names["is_ours"](secret, headers, b"{}") is True
    assert names["is_ours"](secret, headers, b"{} ") is False
    assert names["is_ours"](new_secret(), headers, b"{}") is False
    assert names["is_ours"](secret, signed(read_secret("crm", secret), "e1", now - 400, b"{}"), b"{}") is False


def test_the_settings_that_it_shows_can_be_loaded() -> None:
    block = re.search(r"    webhooks:\n((?:      .*\n)+)", TEXT)
    assert block
    city = (Path(__file__).parents[2] / "queues.yaml").read_text()
    [hook] = parse((city + "webhooks:\n" + block[1].replace("      ", "  ", 1)).encode()).webhooks.values()
    assert len(hook.kinds) == 6


def test_every_kind_of_news_is_told_of() -> None:
    for kind in NewsKind:
        assert kind in TEXT or f"`.{kind.partition('.')[2]}`" in TEXT, kind
