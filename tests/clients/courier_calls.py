"""Every call the emulator covers, through Courier's SDK for Python. Answers are validated strictly against its types."""

import sys
import urllib.request

import courier
from courier import Courier

url = sys.argv[1]
client = Courier(api_key="right", base_url=url, max_retries=0, _strict_response_validation=True)


def control(method, path, body):
    request = urllib.request.Request(url + path, data=body.encode(), method=method)
    urllib.request.urlopen(request).close()


def fails(kind, call):
    try:
        call()
    except kind as error:
        assert type(error) is kind, (type(error), kind)
        return error
    raise AssertionError(f"{kind} was expected")


# Profiles
assert client.profiles.create("u", profile={"email": "u@x.y", "custom": {"plan": "free"}}).status == "SUCCESS"
assert client.profiles.retrieve("u").profile["email"] == "u@x.y"
assert client.profiles.update("u", patch=[{"op": "replace", "path": "/custom/plan", "value": "paid"}]) is None
assert client.profiles.retrieve("u").profile["custom"] == {"plan": "paid"}
assert client.profiles.replace("u", profile={"a": 1}).status == "SUCCESS"
assert client.profiles.retrieve("u").profile == {"a": 1}
assert client.profiles.retrieve("a/b c").profile == {}

# Lists, from either side
client.lists.update("team.a", name="A")
assert client.lists.retrieve("team.a").name == "A"
assert [it.id for it in client.lists.list(pattern="team.*").items] == ["team.a"]
client.lists.subscriptions.add("team.a", recipients=[{"recipient_id": "u"}, {"recipient_id": "v"}])
client.lists.subscriptions.subscribe("team.b", recipients=[{"recipient_id": "w"}])
client.lists.subscriptions.subscribe_user("u", list_id="team.b")
assert [it.recipient_id for it in client.lists.subscriptions.list("team.a").items] == ["u", "v"]
assert [it.id for it in client.profiles.lists.retrieve("u").results] == ["team.a", "team.b"]
client.lists.subscriptions.unsubscribe_user("u", list_id="team.b")
assert client.profiles.lists.subscribe("u", lists=[{"list_id": "team.c"}]).status == "SUCCESS"
assert client.profiles.lists.delete("u").status == "SUCCESS"
assert not client.profiles.lists.retrieve("u").paging.more
client.lists.delete("team.a")
fails(courier.NotFoundError, lambda: client.lists.retrieve("team.a"))
client.lists.restore("team.a")

# Tenants and memberships
assert client.tenants.update("t", name="T", properties={"x": 1}).id == "t"
assert client.tenants.retrieve("t").properties == {"x": 1}
client.tenants.update("t2", name="T2", parent_tenant_id="t")
page = client.tenants.list(limit=1)
assert page.has_more and client.tenants.list(limit=1, cursor=page.cursor).items[0].id == "t2"
assert [it.id for it in client.tenants.list(parent_tenant_id="t").items] == ["t2"]
client.tenants.preferences.items.update("news", tenant_id="t", status="OPTED_IN")
client.tenants.preferences.items.delete("news", tenant_id="t")
client.users.tenants.add_single("t", user_id="u", profile={"role": "admin"})
client.users.tenants.add_multiple("u", tenants=[{"tenant_id": "t2"}])
assert [it.tenant_id for it in client.users.tenants.list("u").items] == ["t", "t2"]
assert client.tenants.list_users("t").items[0].user_id == "u"
client.users.tenants.remove_single("t2", user_id="u")
client.users.tenants.remove_all("u")
assert client.users.tenants.list("u").items == []
client.tenants.delete("t2")
fails(courier.NotFoundError, lambda: client.tenants.retrieve("t2"))

# Automations
control("PUT", "/emulator/automations/greet", '{"name": "Greet", "steps": [{"action": "send", "template": "hello"}]}')
assert [(it.id, it.version) for it in client.automations.list().templates] == [("greet", "published")]
run = client.automations.invoke.invoke_by_template("greet", recipient="u", data={"x": 1}).run_id
listed = client.automations.runs.list(template_id="greet").runs[0]
assert (listed.run_id, listed.status) == (run, "PROCESSED")
step = client.automations.runs.list_steps(run).steps[0]
assert (step.action, step.status) == ("send", "PROCESSED")
assert client.messages.retrieve(step.message_id).recipient == "u"
steps = [
    {"action": "delay", "duration": "5 minutes"},
    {"action": "update-profile", "profile": {"b": 2}, "merge": "overwrite"},
    {"action": "fetch-data", "webhook": {"url": "http://127.0.0.1:1/", "method": "GET"}},
    {"action": "send-list", "list": "team.a"},
    {"action": "invoke", "template": "greet"},
    {"action": "cancel", "cancelation_token": "c"},
    {"action": "send", "template": "bye"},
]
run = client.automations.invoke.invoke_ad_hoc(automation={"steps": steps, "cancelation_token": "k"}, recipient="u").run_id
assert {it.status for it in client.automations.runs.list_steps(run).steps} == {"PROCESSED"}
assert client.profiles.retrieve("u").profile == {"a": 1, "b": 2}
fails(courier.NotFoundError, lambda: client.automations.runs.list_steps("none"))

# Journeys
run = client.journeys.invoke("journey", user_id="u", data={"x": 1}).run_id
assert client.journeys.cancel(run_id=run).status == "CANCELED"
assert client.journeys.cancel(cancelation_token="k").cancelation_token == "k"

# Inbound, and what it starts
control("PUT", "/emulator/links", '{"source": "courier", "on": "track/Order", "template": "greet"}')
track = {"event": "Order", "message_id": "m1", "properties": {"total": 7}, "type": "track", "user_id": "u"}
assert client.inbound.track_event(**track).message_id
assert "courier/track/Order" in client.automations.runs.list(limit="1").runs[0].source
conflict = fails(courier.ConflictError, lambda: client.inbound.track_event(**track))
assert conflict.body["type"] == "invalid_request_error"

# Messages
request = client.send.message(message={"to": {"user_id": "u"}, "template": "t"}).request_id
assert client.messages.retrieve(request).notification == "t"
assert client.messages.list().results[0].id == request

# Errors
bad = fails(courier.BadRequestError, lambda: client.journeys.invoke("journey"))
assert bad.status_code == 400 and bad.body["message"]
for state, kind in [
    ("unknown", courier.NotFoundError),
    ("archived", courier.UnprocessableEntityError),
    ("conditions_not_met", courier.UnprocessableEntityError),
]:
    control("PUT", "/emulator/journeys/journey", '{"state": "%s"}' % state)
    refused = fails(kind, lambda: client.journeys.invoke("journey", user_id="u"))
    assert refused.body["type"] == "invalid_request_error"
control("DELETE", "/emulator/journeys/journey", "")
control("PUT", "/emulator/faults", "forbidden.classes = ['journeys']")
fails(courier.PermissionDeniedError, lambda: client.journeys.invoke("journey", user_id="u"))
control("DELETE", "/emulator/faults", "")
fails(courier.AuthenticationError, lambda: client.with_options(api_key="wrong").tenants.list())
for faults, kind in [
    ("error_500 = {}", courier.InternalServerError),
    ("reset_before_commit = {}", courier.APIConnectionError),
    ("hang = {}", courier.APITimeoutError),
    ("garbage_body = {}", None),
]:
    control("PUT", "/emulator/faults", faults)
    call = lambda: client.with_options(timeout=0.5).tenants.list()
    if kind:
        fails(kind, call)
    else:
        try:
            call()
            raise AssertionError("noise was parsed")
        except Exception as error:
            assert not isinstance(error, AssertionError), error
control("DELETE", "/emulator/faults", "")
control("PUT", "/emulator/limits", "classes.tenants = { rate_limit_num = 1, rate_limit_duration_secs = 600 }")
client.tenants.list()
limited = fails(courier.RateLimitError, lambda: client.tenants.list())
assert int(limited.response.headers["retry-after"]) > 0
control("DELETE", "/emulator/limits", "")
client.profiles.delete("u")
