"""Sends mixed events through the official Python SDK. Prints what it was told of errors, as JSON."""

import json
import sys

import rudderstack.analytics as analytics

url, key, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
errors = []
analytics.write_key = key
analytics.dataPlaneUrl = url
analytics.on_error = lambda error, batch: errors.append([getattr(error, "status", 0), len(batch)])

for n in range(number):
    user = f"user-{n % 50}"
    match n % 10:
        case 0 | 1:
            analytics.identify(user, {"n": n, "email": f"{user}@example.com"})
        case 2:
            analytics.group(user, f"group-{n % 7}", {"n": n})
        case 3:
            analytics.page(user, "Docs", "Index", {"n": n})
        case 4:
            analytics.screen(user, "Docs", "Index", {"n": n})
        case 5:
            analytics.alias(f"{user}-before", user)
        case _:
            analytics.track(user, "Order Completed", {"n": n, "name": "Zoë \U0001f600"})
analytics.shutdown()
print(json.dumps({"errors": errors}))
