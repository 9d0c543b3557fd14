#!/usr/bin/env python3
"""Checks that each room includes only the rooms it may (CONTRIBUTING.md, "Rooms"). Exit 1 names every offending line."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAY_INCLUDE = {
    "core": set(),
    "config": {"core"},
    "kernels": {"core"},
    "nn": {"core", "kernels"},
    "data": {"core", "config"},
    "families": {"core", "config", "data", "nn", "kernels"},
    "metrics": {"core", "nn", "kernels"},
    "harness": {"core", "config", "data", "kernels", "nn", "families", "metrics"},
    "results": {"core"},
    "reports": {"core", "config", "results"},
}
MAY_INCLUDE["cli"] = set(MAY_INCLUDE)
WITHOUT_TORCH = {"core", "config", "results", "reports"}
FOLDERS = {room: ROOT / "src" / room for room in MAY_INCLUDE}
FOLDERS |= {room: ROOT / room for room in ("metrics", "results", "reports")}
# Of the folders in families: what several of them share. The others are a family each, which includes no other, and which
# nothing outside its folder includes but the registry.
SHARED = {"objectives", "encoder_decoder"}
REGISTRY = FOLDERS["families"] / "registry.cpp"
INCLUDE = re.compile(r'^\s*#include\s+["<]([^">]+)[">]')


def family_of(parts):
    """The family that a path below families belongs to; None for what is shared."""
    return parts[1] if parts[0] == "families" and len(parts) > 2 and parts[1] not in SHARED else None


def problems():
    for room, folder in FOLDERS.items():
        for file in sorted(folder.rglob("*")):
            if file.suffix not in {".h", ".cpp", ".cu"}:
                continue
            for number, line in enumerate(file.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                first = found.group(1).split("/")[0]
                place = f"{file.relative_to(ROOT)}:{number}"
                if first in MAY_INCLUDE and first != room and first not in MAY_INCLUDE[room]:
                    yield f"{place}: {room} may not include {first}"
                family = family_of(found.group(1).split("/"))
                own = family_of((room, *file.relative_to(folder).parts))
                if family and family != own and file != REGISTRY:
                    yield f"{place}: family {family} is included by its own folder and the registry alone"
                if first in {"torch", "ATen", "c10"} and room in WITHOUT_TORCH:
                    yield f"{place}: {room} is built without LibTorch"


found = list(problems())
print("\n".join(found) if found else f"layers: {len(FOLDERS)} rooms keep to theirs")
sys.exit(1 if found else 0)
