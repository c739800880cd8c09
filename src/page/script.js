// Keeps a view fresh, moves between views without loading them anew, and listens to the keyboard. Without it everything
// still works by links and forms. It renders nothing itself: what it puts into the page came from the server as it is.
"use strict";

const view = document.getElementById("view");
const pause = document.getElementById("pause");
const state = document.getElementById("state");

const FEW = 20;
const CONTROLS = "a, button, summary, select, input, textarea, [tabindex]";

let paused = false;
let stale = false;
let busy = false;
let cost = 0;
let latest = -1;
let turn = 0;

// Asks for the view at the address.
async function load() {
  const mine = ++turn;
  const began = performance.now();
  const response = await fetch(location.href, { headers: { "x-part": "1" }, redirect: "follow" });
  if (!response.ok) throw new Error(String(response.status));
  const text = await response.text();
  // Whoever asked later knows better.
  if (mine !== turn) return;
  if (response.redirected) history.replaceState(null, "", response.url);
  swap(text);
  cost = performance.now() - began;
}

// Puts in what has changed and leaves the rest alone, so that focus, selection and scrolling stay where they are.
function swap(text) {
  const next = document.createElement("template");
  next.innerHTML = text;
  const focused = document.activeElement;
  const said = view.contains(focused) ? name(focused) : "";
  replace(view, next.content);
  if (said && document.activeElement !== focused) {
    const again = [...view.querySelectorAll(CONTROLS)].find((it) => name(it) === said);
    again?.focus({ preventScroll: true });
  }
  mark();
}

// What tells a control apart that was put in anew: most have no id.
function name(it) {
  const said = it.getAttribute("aria-label") ?? (it.getAttribute("role") ? it.textContent : it.getAttribute("href"));
  return it.id || [it.closest("[data-event]")?.dataset.event, it.tagName, said ?? it.textContent].join("\n");
}

function parts(root) {
  return [...root.children];
}

function replace(old, next) {
  const before = parts(old);
  const after = parts(next);
  const names = (list) => list.map((part) => part.dataset.part ?? "").join("\n");
  if (names(before) !== names(after) || before.length === 0 || names(after).trim() === "") {
    if (old.innerHTML !== html(next)) old.replaceChildren(...next.childNodes);
    return;
  }
  before.forEach((part, at) => {
    const fresh = after[at];
    if (part.className !== fresh.className) part.className = fresh.className;
    if (part.outerHTML === fresh.outerHTML) return;
    // Nor is a form that is open.
    if (part.querySelector("details.plus[open]")) return;
    // What somebody is writing into is not taken from under their hands.
    const typing = part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
    if (typing && part.dataset.keep !== undefined) return;
    if (part.dataset.class !== undefined) replace(part, fresh);
    else part.replaceChildren(...fresh.childNodes);
  });
}

function html(node) {
  const box = document.createElement("div");
  box.append(node.cloneNode(true));
  return box.innerHTML;
}

// Lets rows that were not there before be seen: where most are new none would stand out, and moving them all is dear.
function mark() {
  const rows = [...view.querySelectorAll("tr[data-number]")];
  const fresh = rows.filter((row) => latest >= 0 && Number(row.dataset.number) > latest);
  if (fresh.length <= FEW) for (const row of fresh) row.classList.add("new");
  latest = Math.max(latest, ...rows.map((row) => Number(row.dataset.number)));
}

async function refresh() {
  if (busy) return;
  busy = true;
  while (stale && !paused && !document.hidden) {
    stale = false;
    try {
      await load();
    } catch {
      state.textContent = "Away";
    }
    // A page that is dear to make is made less often.
    await new Promise((done) => setTimeout(done, Math.max(400, 4 * cost)));
  }
  busy = false;
}

function listen() {
  const news = new EventSource(document.body.dataset.news);
  news.onmessage = () => {
    stale = true;
    if (!paused) state.textContent = "Live";
    document.body.classList.remove("away");
    refresh();
  };
  news.onerror = () => {
    if (!paused) state.textContent = "Away";
    document.body.classList.add("away");
    if (news.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

function toggle() {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  state.textContent = paused ? "Paused" : "Live";
  if (!paused) refresh();
}

// The address changes at once: a refresh that is asked for meanwhile asks for the same, and not for where we were.
function go(url) {
  history.pushState(null, "", url);
  load().catch(() => location.reload());
}

document.addEventListener("click", (event) => {
  // Whoever goes elsewhere is done with a form.
  for (const form of view.querySelectorAll("details.plus[open]")) form.open = form.contains(event.target);
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = document.getElementById(copy.dataset.copy).textContent;
    navigator.clipboard?.writeText(text).then(() => { copy.textContent = "Copied"; }, () => {});
    return;
  }
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  let link = event.target.closest("a[data-soft]");
  const row = event.target.closest("tr[data-number]");
  if (!link && row && String(getSelection()) === "") link = row.querySelector("a[data-soft]");
  if (!link) return;
  event.preventDefault();
  go(link.href);
});

let writing = 0;
document.addEventListener("input", (event) => {
  if (event.target.id !== "search") return;
  clearTimeout(writing);
  writing = setTimeout(() => event.target.form.requestSubmit(), 250);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.soft === undefined || form.method !== "get") return;
  event.preventDefault();
  clearTimeout(writing);
  form.closest("details")?.removeAttribute("open");
  go(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`);
});

window.addEventListener("popstate", () => load().catch(() => location.reload()));
document.addEventListener("visibilitychange", refresh);
pause.addEventListener("click", toggle);

function step(by) {
  const links = [...view.querySelectorAll("[data-number] a[data-soft]")];
  if (links.length === 0) return;
  const chosen = view.querySelector("tr[aria-current] a[data-soft]");
  const at = links.indexOf(links.includes(document.activeElement) ? document.activeElement : chosen);
  const link = links[Math.min(Math.max(at + by, 0), links.length - 1)];
  link.focus();
  // Beside open details the next one opens as one goes.
  if (document.getElementById("details")) go(link.href);
}

document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  const form = event.target.closest("details.plus[open]");
  if (form && event.key === "Escape") {
    form.open = false;
    form.querySelector("summary").focus();
    return;
  }
  if (event.target.matches("input, select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const tabs = document.querySelectorAll("header.top nav a");
  if (event.key === "/") document.getElementById("search")?.focus();
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "p") toggle();
  // What is said to be a button is pressed like one.
  else if (event.key === " " && event.target.matches("a[role=button]")) event.target.click();
  else if (event.key === "Escape") document.getElementById("close")?.click();
  else if (tabs[Number(event.key) - 1]) tabs[Number(event.key) - 1].click();
  else return;
  event.preventDefault();
});

mark();
listen();
