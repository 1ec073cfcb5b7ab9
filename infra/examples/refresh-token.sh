#!/usr/bin/env bash
# Refresh token (OAuth 2.1, section 4.3): the next access token, for the tool and the scope that it is needed for now, and
# the next refresh token.
# Needs curl, a server (cargo run), and a refresh token of finance-agent, such as authorization-code.sh shows:
#   infra/examples/refresh-token.sh REFRESH_TOKEN
set -euo pipefail

issuer=${ISSUER:-http://localhost:8690}
data=${DATA:-.countersign}
client=finance-agent
secret=$(sed -n "s/.*\"secret of $client\": *\"\([^\"]*\)\".*/\1/p" "$data/secrets.json")
refresh_token=${1:?usage: infra/examples/refresh-token.sh REFRESH_TOKEN}

# Each use gives the successor. Whoever lost the answer asks again within ten seconds and gets the same successor; whoever
# comes with the old token after that ends the authorization, for one of the two must have stolen it.
curl -sS --fail-with-body -u "$client:$secret" "$issuer/token" \
    -d grant_type=refresh_token --data-urlencode "refresh_token=$refresh_token" \
    -d scope=files.access -d resource=https://files.internal.corp
echo
