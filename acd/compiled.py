"""Guard over the modules that ``scripts/compile`` has put beside their sources: Python imports them instead."""

from pathlib import Path


def refuse_stale(*folders: Path) -> None:
    """Make sure that what will be imported is what the sources say.

    Raises:
        ImportError: a source has changed since it was compiled.
    """
    for folder in folders:
        for module in folder.glob("*.so"):
            source = folder / f"{module.name.partition('.')[0]}.py"
            if source.exists() and source.stat().st_mtime_ns > module.stat().st_mtime_ns:
                raise ImportError(
                    f"{source} has changed since it was compiled: run scripts/compile, or scripts/compile --remove"
                )
