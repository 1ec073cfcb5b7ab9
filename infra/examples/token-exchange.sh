#!/usr/bin/env bash
# Token exchange (RFC 8693): the file server was sent a token, and asks the reports on behalf of whoever sent it.
# Needs curl and a server: cargo run
set -euo pipefail

issuer=${ISSUER:-http://localhost:8690}
data=${DATA:-.countersign}
secret() { sed -n "s/.*\"secret of $1\": *\"\([^\"]*\)\".*/\1/p" "$data/secrets.json"; }
field() { grep -o "\"$1\":\"[^\"]*\"" | cut -d'"' -f4; }

token=$(curl -sS --fail-with-body -u "nightly-agent:$(secret nightly-agent)" "$issuer/token" \
    -d grant_type=client_credentials -d scope=files.read -d resource=https://files.internal.corp | field access_token)

curl -sS --fail-with-body -u "files-tool:$(secret files-tool)" "$issuer/token" \
    -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange \
    -d subject_token="$token" -d subject_token_type=urn:ietf:params:oauth:token-type:access_token \
    -d resource=http://localhost:8701/mcp
echo
