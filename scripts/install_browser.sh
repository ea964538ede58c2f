#!/bin/sh
# Chromium for the browser tests, from Debian's packages where that may be; says so where not.
set -u
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
why=""
if [ "$(id -u)" -ne 0 ]; then
    why="installing it needs root (on Debian: apt-get install chromium)"
elif ! command -v apt-get >/dev/null; then
    why="there is no apt-get to install it with"
else
    echo "Installing Chromium for the browser tests"
    log=$(mktemp)
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        chromium fonts-dejavu-core fonts-noto-color-emoji; } >"$log" 2>&1 ||
        why="apt-get failed: $(tail -n 1 "$log")"
    rm -f "$log"
fi
[ -z "$why" ] || echo "No Chromium, so the browser tests will not run: $why"
