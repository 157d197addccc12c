// The operator's desk in the browser. The server pushes what happens; what the operator types belongs to this page: it is
// kept here at once and at the server soon after, and no push ever touches it. Loaded before htmx.

import { Clock } from "./clock.js";
import { Notebook } from "./notebook.js";
import { inCall, reload } from "./reload.js";

// The server sends a sign of life every 3 s. Times in milliseconds.
const QUIET = 8000; // after this the page says that the connection is gone
const KICK = 12000; // a connection this silent is given up and made again
const ALIVE = 240000; // somebody at work says so to the server at most this often
const RELOAD_GAP = 60000; // a page loads itself again for a new version at most this often

const desk = document.getElementById("desk");
const live = document.getElementById("live");
const writing = document.getElementById("writing");
const side = document.getElementById("side");
const phone = document.getElementById("phone");
const lost = document.getElementById("lost");
const headers = { "Content-Type": "application/json", "X-CSRF-Token": desk.dataset.csrf };

const clock = new Clock();
const notebook = new Notebook(writing, headers, desk.dataset.timezone, clock);

let heard = performance.now();
let kicked = 0;
let connection = null;
let before = {}; // what the last picture said
const build = document.getElementById("mark").dataset.build;

// --- What the server pushes -------------------------------------------------------------------------------------------

function pictured() {
  const now = { ...document.getElementById("mark").dataset };
  desk.dataset.busy = now.busy;
  desk.dataset.known = now.known;
  desk.dataset.writing = now.phase === "wrap_up" || (now.contact && now.contact === notebook.contact) ? "now" : "last";
  clock.paint(live);
  if (now.contact && now.contact !== notebook.contact) pickedUp(now.contact);
  if (now.busy !== before.busy || now.phase !== before.phase) {
    if (now.busy === "no") side.dispatchEvent(new Event("refresh"));
  }
  tellPhone(now);
  titled();
  reloadForNewVersion(now);
  before = now;
}

// Another conversation: what was typed is brought to safety, and the cursor goes to the new note.
async function pickedUp(contact) {
  await notebook.open(contact);
  desk.dataset.writing = "now";
  if (!document.querySelector("dialog[open]")) notebook.focus();
}

function titled() {
  const state = document.querySelector("#bar .state").textContent.trim();
  const title = `${phone.dataset.state === "ringing" ? "☎ " : ""}${state} – acd`;
  if (document.title !== title) document.title = title;
}

// The phone knows nothing of htmx. Of its own call one in the page knows best; any other one hears it from here.
function tellPhone(now) {
  const { phase, call, attempt, contact } = now;
  if (phase !== before.phase || call !== before.call || attempt !== before.attempt || contact !== before.contact) {
    document.dispatchEvent(new CustomEvent("acd:call", { detail: { phase, call, attempt, contact } }));
  }
  if (now.view && now.view !== before.view) {
    phone.dispatchEvent(new CustomEvent("phone:call", { detail: JSON.parse(now.view) }));
  }
}

function reloadForNewVersion(now) {
  if (now.build === build || now.busy === "yes" || notebook.unsaved) return;
  const last = Number(sessionStorage.getItem("reloaded") ?? 0);
  if (Date.now() - last < RELOAD_GAP) return;
  sessionStorage.setItem("reloaded", Date.now());
  reload();
}

function hear(id) {
  heard = performance.now();
  clock.set(Number(id));
  if (!lost.hidden) lost.hidden = true;
  notebook.retry();
}

function kick() {
  const now = performance.now();
  if (now - heard < KICK || now - kicked < KICK) return;
  kicked = now;
  if (connection?.reader) connection.reader.cancel();
  else live.dispatchEvent(new Event("reconnect"));
}

live.addEventListener("htmx:sse:after:connection", (event) => (connection = event.detail.connection));
live.addEventListener("htmx:sse:before:message", (event) => hear(event.detail.message.id));
live.addEventListener("htmx:sse:after:message", pictured);
live.addEventListener("htmx:sse:error", (event) => {
  if (event.detail.status === 401) reload(); // the session is over: the server says where to go
});

// --- What the operator does -------------------------------------------------------------------------------------------

async function say(what, reason = "") {
  try {
    const answer = await fetch("/api/desk/state", { method: "POST", headers, body: JSON.stringify({ do: what, reason }) });
    if (answer.status === 401 || answer.status === 403) reload();
    if (!answer.ok) throw new Error(answer.status);
  } catch {
    lost.hidden = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  button.closest("dialog")?.close();
  say(button.dataset.do, button.dataset.reason);
});

const press = (id) => document.getElementById(id)?.click();
const KEYS = {
  F2: () => press("do-login") ?? press("do-ready"),
  F4: () => press("do-not-ready"),
  F9: () => press("do-finish"),
  "Shift+F9": () => press("do-extend"),
  "Shift+F2": () => notebook.focus(),
  "Shift+F6": () => press("do-tape"),
  "Shift+F4": () => writing.querySelector("[data-opens=ask]")?.click(),
};

const typing = (element) => element.matches("textarea, select, input:not([type=checkbox]):not([type=radio])");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const open = document.querySelector("dialog[open]");
  if (open) {
    chooseReason(open, event);
    return;
  }
  const act = KEYS[event.shiftKey ? `Shift+${event.key}` : event.key];
  if (act) {
    event.preventDefault();
    if (!event.repeat) act();
  } else if (event.key === "?" && !typing(event.target)) {
    event.preventDefault();
    document.getElementById("keys").showModal();
  }
});

function chooseReason(dialog, event) {
  if (dialog.id !== "reasons" || event.shiftKey || event.repeat) return;
  const digit = event.code.replace(/^(Digit|Numpad)/, ""); // where the digits are, whatever they type on this keyboard
  const button = dialog.querySelector(`[data-digit="${CSS.escape(digit)}"]`);
  if (button) {
    event.preventDefault();
    button.click();
  }
}

// Another page opens beside this one while it is a telephone in a conversation.
document.addEventListener("click", (event) => {
  const link = event.target.closest("nav a[href]");
  if (!link || !inCall()) return;
  if (link.pathname === location.pathname) event.preventDefault();
  else link.target = "_blank";
});
document.addEventListener("phone:state", ({ detail }) => {
  titled();
  if (detail.state === "idle") for (const link of document.querySelectorAll("nav a[target]")) link.removeAttribute("target");
});

// --- Time -------------------------------------------------------------------------------------------------------------

// Who is busy at this page is at work, also when nothing needs the server.
let said = Date.now();
for (const kind of ["keydown", "pointerdown", "pointermove"]) {
  addEventListener(kind, () => {
    if (Date.now() - said < ALIVE) return;
    said = Date.now();
    fetch("/api/me").catch(() => {});
  }, { passive: true });
}

function everySecond() {
  clock.paint(live);
  lost.hidden = performance.now() - heard < QUIET;
  kick();
}
setInterval(everySecond, 1000);
addEventListener("pagehide", () => notebook.flush());
pictured();
