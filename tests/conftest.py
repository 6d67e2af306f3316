from __future__ import annotations

from collections.abc import Iterator

import pytest
from local_server import Site, serving, use_hub

from xtreme_bench.data.fetch import download


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on this machine, which is the hub as well, for downloads that do not wait between attempts."""
    monkeypatch.setattr(download, "PAUSES", (0.01, 0.01, 0.01))
    with serving() as site:
        use_hub(monkeypatch, site.address, tmp_path_factory.mktemp("cache"))
        yield site
