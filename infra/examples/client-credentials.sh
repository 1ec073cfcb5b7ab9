#!/usr/bin/env bash
# Client credentials (OAuth 2.1, section 4.2): an agent that works alone gets what its registration allows, for one tool.
# Needs curl and a server: cargo run
set -euo pipefail

issuer=${ISSUER:-http://localhost:8690}
data=${DATA:-.countersign}
client=nightly-agent
secret=$(sed -n "s/.*\"secret of $client\": *\"\([^\"]*\)\".*/\1/p" "$data/secrets.json")
details='[{"type":"file_access","locations":["https://files.internal.corp/finance"],"actions":["read"],"identifier":"Q4-report.pdf"}]'

curl -sS --fail-with-body -u "$client:$secret" "$issuer/token" \
    -d grant_type=client_credentials -d scope=files.access -d resource=https://files.internal.corp \
    --data-urlencode "authorization_details=$details"
echo
