"""Puts the demo's configuration in force on the deployed table, gives its clients secrets and its people passwords
where they have none yet, and prints what a newcomer needs.

    demo.py COUNTERSIGN CONFIGURATION ISSUER SECRETS

COUNTERSIGN is the command's path; table, endpoint and credentials come from the environment. What was made up is kept
readable in the file SECRETS, so that a second run can print it again. It is of use on this machine alone.
"""

import json
import os
import pathlib
import subprocess
import sys

PERSON = "alice"
AGENT = "nightly-agent"


def countersign(*words):
    """Runs the command and reads the JSON that it answers with."""
    done = subprocess.run([sys.argv[1], *words, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise SystemExit(f"demo.py: countersign {words[0]} {words[1]} failed")
    return json.loads(done.stdout)


def keep(path, kept):
    """Replaces the file at once; nobody else may read it."""
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(kept, file, indent=2)
    fresh.replace(path)


def main():
    _, _, configuration, issuer, path = sys.argv
    path = pathlib.Path(path)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    applied = countersign("apply", configuration, "--issuer", issuer, "--yes")
    for client in applied["clients_without_secret"]:
        kept[f"secret of {client}"] = countersign("client", "rotate-secret", client, "--at-once")["client_secret"]
        keep(path, kept)
    for person in countersign("user", "list"):
        name = person["profile"]["user_name"]
        if not person["has_password"]:
            kept[f"password of {name}"] = countersign("user", "reset-password", name)["password"]
            keep(path, kept)
    print(f"  {'Configuration':<14}version {applied['version']}")
    # Shown on purpose, as the local server does.
    print(f"  {'Demo person':<14}{PERSON}")
    print(f"  {'Password':<14}{kept.get(f'password of {PERSON}', 'made elsewhere')}")
    agent = f"{AGENT}:{kept.get(f'secret of {AGENT}', 'SECRET')}"
    print(f"\nA first request:\n\n  curl -s {issuer}/token -u {agent} -d grant_type=client_credentials -d scope=files.read")


main()
