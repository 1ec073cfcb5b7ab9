#!/usr/bin/env bash
# What a tool does with a token: asks whether it still holds (RFC 7662). What its client does at the end: gives it back (RFC 7009).
# Needs curl and a server: cargo run
set -euo pipefail

issuer=${ISSUER:-http://localhost:8690}
data=${DATA:-.countersign}
secret() { sed -n "s/.*\"secret of $1\": *\"\([^\"]*\)\".*/\1/p" "$data/secrets.json"; }

token=$("$(dirname "$0")/client-credentials.sh" | grep -o '"access_token":"[^"]*"' | cut -d'"' -f4)

introspect() { curl -sS --fail-with-body -u "files-tool:$(secret files-tool)" "$issuer/introspect" -d "token=$token"; }

introspect
echo
curl -sS --fail-with-body -u "nightly-agent:$(secret nightly-agent)" "$issuer/revoke" -d "token=$token"
introspect
echo
