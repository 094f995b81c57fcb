"""Asks a freshly built Valhalla for one bicycle matrix, so that a broken set-up is found now and not at the first lot.

Usage: tryMatrix.py <folder with valhalla.trial.json and tiles/>
"""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

home = pathlib.Path(sys.argv[1]).resolve()
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

settings = json.loads((home / "valhalla.trial.json").read_text())
service = settings["httpd"]["service"]
service["listen"] = f"tcp://127.0.0.1:{port}"
# A leading @ is an abstract socket: no file to collide with another instance or to exceed the path limit.
service["loopback"] = f"ipc://@valhalla-{port}-loopback"
service["interrupt"] = f"ipc://@valhalla-{port}-interrupt"
for part in ("loki", "thor", "odin"):
    settings[part]["service"]["proxy"] = f"ipc://@valhalla-{port}-{part}"

question = {
    "sources": [{"lat": 60.1699, "lon": 24.9384}],
    "targets": [{"lat": 60.1719, "lon": 24.9414}],
    "costing": "bicycle",
}


def ask():
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/sources_to_targets", json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)["sources_to_targets"][0][0]["time"]


with tempfile.NamedTemporaryFile("w", suffix=".json") as file, tempfile.TemporaryFile() as log:
    json.dump(settings, file)
    file.flush()
    server = subprocess.Popen([home / "valhalla/bin/valhalla_service", file.name, "1"], stdout=log, stderr=log)
    try:
        for _ in range(100):
            try:
                seconds = ask()
                break
            except (urllib.error.URLError, ConnectionError):
                if server.poll() is not None:
                    break
                time.sleep(0.1)
        else:
            seconds = None
        if server.poll() is not None or not seconds:
            log.seek(0)
            sys.exit(f"valhalla_service gave no travel time:\n{log.read().decode(errors='replace')[-2000:]}")
        print(f"Helsinki station to Kaisaniemi by bicycle: {seconds} s")
    finally:
        server.kill()
        server.wait()
