#!/usr/bin/env bash
# Prometheus' own tool takes the alert rules, and the metrics page of a run that has delivered something.
# Usage: tests/promtool.sh BINARY
set -euo pipefail
binary=$(realpath "$1")
repository=$(cd "$(dirname "$0")/.." && pwd)

promtool check rules "$repository/config-examples/prometheus/courier-sink.rules.yml"

folder=$(mktemp -d)
cat > "$folder/config.toml" <<EOF
data_dir = "$folder/data"
[api]
address = "127.0.0.1:0"
[emulator]
address = "127.0.0.1:0"
[sources.in]
type = "stdin"
[sinks.courier]
type = "courier"
inputs = ["in"]
api_key = "pk_local_0123456789"
EOF
mkfifo "$folder/events"
"$binary" run "$folder/config.toml" < "$folder/events" > "$folder/log" 2>&1 &
run=$!
trap 'kill $run 2>/dev/null || true; rm -rf "$folder"' EXIT
exec 3> "$folder/events"
cat "$repository/config-examples/quickstart.ndjson" >&3
python3 - "$folder/log" "$folder/page" <<'EOF'
import re, sys, time, urllib.request

log, page = sys.argv[1:]
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    found = re.search(r"admin endpoint listens.*?address=(\S+)", open(log).read())
    if found:
        text = urllib.request.urlopen(f"http://{found[1]}/metrics").read().decode()
        if re.search(r"^component_sent_events_total\{.*\} [1-9]", text, re.M):
            open(page, "w").write(text)
            sys.exit(0)
    time.sleep(0.1)
sys.exit("nothing was delivered:\n" + open(log).read())
EOF
promtool check metrics < "$folder/page"
exec 3>&-
wait $run || true
