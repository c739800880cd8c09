// Every call the emulator covers that Courier's SDK for Node has, through it.
import assert from "node:assert/strict";
import Courier from "@trycourier/courier";

const url = process.argv[2];
const client = new Courier({ apiKey: "right", baseURL: url, maxRetries: 0 });
const control = async (method, path, body) => {
  const answer = await fetch(url + path, { method, body });
  assert.equal(answer.status, 204, await answer.text());
};
const fails = async (kind, call) => {
  const error = await call().then(() => assert.fail(`${kind.name} was expected`), (error) => error);
  assert.equal(error.constructor, kind, String(error));
  return error;
};

// Profiles
assert.equal((await client.profiles.create("u", { profile: { email: "u@x.y", custom: { plan: "free" } } })).status, "SUCCESS");
await client.profiles.update("u", { patch: [{ op: "replace", path: "/custom/plan", value: "paid" }] });
assert.deepEqual((await client.profiles.retrieve("u")).profile, { email: "u@x.y", custom: { plan: "paid" } });
assert.equal((await client.profiles.replace("u", { profile: { a: 1 } })).status, "SUCCESS");
assert.deepEqual((await client.profiles.retrieve("a/b c")).profile, {});

// Lists, from either side
await client.lists.update("team.a", { name: "A" });
assert.equal((await client.lists.retrieve("team.a")).name, "A");
assert.deepEqual((await client.lists.list({ pattern: "team.*" })).items.map((it) => it.id), ["team.a"]);
await client.lists.subscriptions.add("team.a", { recipients: [{ recipientId: "u" }, { recipientId: "v" }] });
await client.lists.subscriptions.subscribe("team.b", { recipients: [{ recipientId: "w" }] });
await client.lists.subscriptions.subscribeUser("u", { list_id: "team.b" });
const subscribed = (await client.lists.subscriptions.list("team.a")).items;
assert.deepEqual(subscribed.map((it) => it.recipientId), ["u", "v"]);
await client.lists.subscriptions.unsubscribeUser("u", { list_id: "team.b" });
assert.equal((await client.profiles.lists.subscribe("u", { lists: [{ listId: "team.c" }] })).status, "SUCCESS");
assert.deepEqual((await client.profiles.lists.retrieve("u")).results.map((it) => it.id), ["team.a", "team.c"]);
assert.equal((await client.profiles.lists.delete("u")).status, "SUCCESS");
await client.lists.delete("team.a");
await fails(Courier.NotFoundError, () => client.lists.retrieve("team.a"));
await client.lists.restore("team.a", {});

// Tenants and memberships
assert.equal((await client.tenants.update("t", { name: "T", properties: { x: 1 } })).id, "t");
assert.deepEqual((await client.tenants.retrieve("t")).properties, { x: 1 });
await client.tenants.update("t2", { name: "T2", parent_tenant_id: "t" });
const page = await client.tenants.list({ limit: 1 });
assert.equal(page.has_more, true);
assert.equal((await client.tenants.list({ limit: 1, cursor: page.cursor })).items[0].id, "t2");
await client.tenants.preferences.items.update("news", { tenant_id: "t", status: "OPTED_IN" });
await client.tenants.preferences.items.delete("news", { tenant_id: "t" });
await client.users.tenants.addSingle("t", { user_id: "u", profile: { role: "admin" } });
await client.users.tenants.addMultiple("u", { tenants: [{ tenant_id: "t2" }] });
assert.deepEqual((await client.users.tenants.list("u")).items.map((it) => it.tenant_id), ["t", "t2"]);
assert.equal((await client.tenants.listUsers("t")).items[0].user_id, "u");
await client.users.tenants.removeSingle("t2", { user_id: "u" });
await client.users.tenants.removeAll("u");
assert.deepEqual((await client.users.tenants.list("u")).items, []);
await client.tenants.delete("t2");
await fails(Courier.NotFoundError, () => client.tenants.retrieve("t2"));

// Automations and journeys
const greet = { name: "Greet", steps: [{ action: "send", template: "hello" }] };
await control("PUT", "/emulator/automations/greet", JSON.stringify(greet));
assert.deepEqual((await client.automations.list()).templates.map((it) => it.id), ["greet"]);
assert.ok((await client.automations.invoke.invokeByTemplate("greet", { recipient: "u" })).runId);
const steps = [{ action: "update-profile", profile: { b: 2 }, merge: "overwrite" }, { action: "invoke", template: "greet" }];
assert.ok((await client.automations.invoke.invokeAdHoc({ automation: { steps }, recipient: "u" })).runId);
assert.deepEqual((await client.profiles.retrieve("u")).profile, { a: 1, b: 2 });
assert.equal((await client.messages.list()).results.length, 2);
assert.ok((await client.journeys.invoke("journey", { user_id: "u" })).runId);

// Inbound and messages
const track = { event: "Order", messageId: "m1", properties: { total: 7 }, type: "track", userId: "u" };
assert.ok((await client.inbound.trackEvent(track)).messageId);
const conflict = await fails(Courier.ConflictError, () => client.inbound.trackEvent(track));
assert.equal(conflict.error.type, "invalid_request_error");
const { requestId } = await client.send.message({ message: { to: { user_id: "u" }, template: "t" } });
assert.equal((await client.messages.retrieve(requestId)).notification, "t");

// Errors
await fails(Courier.BadRequestError, () => client.journeys.invoke("journey", {}));
for (const [state, kind] of [
  ["unknown", Courier.NotFoundError],
  ["archived", Courier.UnprocessableEntityError],
  ["conditions_not_met", Courier.UnprocessableEntityError],
]) {
  await control("PUT", "/emulator/journeys/journey", JSON.stringify({ state }));
  await fails(kind, () => client.journeys.invoke("journey", { user_id: "u" }));
}
await control("DELETE", "/emulator/journeys/journey");
await control("PUT", "/emulator/faults", "forbidden.classes = ['journeys']");
await fails(Courier.PermissionDeniedError, () => client.journeys.invoke("journey", { user_id: "u" }));
await control("DELETE", "/emulator/faults");
const stranger = new Courier({ apiKey: "wrong", baseURL: url, maxRetries: 0 });
await fails(Courier.AuthenticationError, () => stranger.tenants.list());
for (const [faults, kind] of [
  ["error_500 = {}", Courier.InternalServerError],
  ["reset_before_commit = {}", Courier.APIConnectionError],
  ["hang = {}", Courier.APIConnectionTimeoutError],
]) {
  await control("PUT", "/emulator/faults", faults);
  await fails(kind, () => client.tenants.list({}, { timeout: 500 }));
}
await control("DELETE", "/emulator/faults");
await control("PUT", "/emulator/limits", "classes.tenants = { rate_limit_num = 1, rate_limit_duration_secs = 600 }");
await client.tenants.list();
await fails(Courier.RateLimitError, () => client.tenants.list());
await control("DELETE", "/emulator/limits");
await client.profiles.delete("u");
