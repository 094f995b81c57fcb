"""Writes Valhalla's configuration and builds the road tiles of one extract.

Usage: buildTiles.py <folder with the unpacked wheel> <extract.osm.pbf>
Leaves valhalla.trial.json and tiles/ in the folder; dev/setup renames the first when a trial has gone well. Uses the wheel's
own defaults, so that every key the servers expect is there; its Python package itself needs Python 3.12 and is not imported.
"""

import json
import pathlib
import subprocess
import sys

home = pathlib.Path(sys.argv[1]).resolve()
extract = pathlib.Path(sys.argv[2]).resolve()
sys.path.insert(0, str(home / "valhalla"))
from valhalla_build_config import Optional, config  # noqa: E402


def without_unset(value):
    if isinstance(value, dict):
        return {k: without_unset(v) for k, v in value.items() if not isinstance(v, Optional)}
    return value


settings = without_unset(config)
settings["mjolnir"]["tile_dir"] = str(home / "tiles")
settings["mjolnir"].pop("tile_extract", None)
settings["mjolnir"]["concurrency"] = 2
for part in ("mjolnir", "loki", "thor", "odin", "meili"):
    settings[part]["logging"] = {"type": "std_err", "color": False}
for unused in ("admin", "landmarks", "timezone", "traffic_extract", "transit_dir", "transit_feeds_dir"):
    settings["mjolnir"].pop(unused, None)
settings["additional_data"].pop("elevation", None)
(home / "valhalla.trial.json").write_text(json.dumps(settings, indent=1))
subprocess.run(
    [home / "valhalla/bin/valhalla_build_tiles", "-c", home / "valhalla.trial.json", extract],
    check=True,
    stdout=subprocess.DEVNULL,
)
