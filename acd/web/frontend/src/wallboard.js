// The wallboard in the browser: htmx receives the pictures and morphs them in; this script keeps the seconds running
// in between and never lets old figures pass for new ones. It is loaded before htmx, or it would miss the first words.
import { drawCurve } from "./chart.js";
import { listenForRed } from "./chime.js";

// The server sends a sign of life every second. Times in milliseconds.
const QUIET = 3500; // after this the page says that it is reconnecting
const STALE = 10000; // after this the figures are called stale
const KICK = 5000; // a connection this silent is given up and made again
const RELOAD_GAP = 60000; // a page reloads itself for a new version at most this often

const board = document.getElementById("board");
const live = document.getElementById("live");
const clock = document.getElementById("clock");
const staleNote = document.getElementById("stale");
const page = document.documentElement;

const timezone = clock.dataset.timezone;
const hours = new Intl.DateTimeFormat("nl-BE", { timeZone: timezone, hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat("nl-BE", { timeZone: timezone, timeStyle: "medium" });

let moment = 0; // of the newest picture: seconds since the epoch, the server's clock
let seen = 0; // when it came, on this page's own clock
let heard = performance.now(); // when anything came
let kicked = 0;
let open = false;
let connection = null;

const serverNow = () => moment + (performance.now() - seen) / 1000;

function hear(id) {
  heard = performance.now();
  open = true;
  // A picture of the same moment again means that the engine stands still, however lively the connection.
  if (Number(id) && Number(id) !== moment) {
    moment = Number(id);
    seen = heard;
  }
}

function currentState() {
  if (!moment) return "connecting";
  const age = performance.now() - seen;
  if (linkLost() || age > STALE) return "stale";
  return open && age < QUIET ? "live" : "reconnecting";
}

const linkLost = () => Number(board.querySelector("[data-link-lost]")?.dataset.linkLost ?? 0);

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function paintState() {
  const state = currentState();
  document.body.dataset.state = state;
  const since = seconds.format(1000 * (linkLost() || moment));
  setText(live.querySelector("span"), live.dataset[state].replace("{time}", since));
  // When the exchange is lost the server says so itself, in a banner of its own.
  staleNote.hidden = state !== "stale" || linkLost() > 0;
  if (!staleNote.hidden) setText(staleNote.lastElementChild, staleNote.dataset.text.replace("{time}", since));
  return state;
}

function duration(total) {
  const whole = Math.max(0, Math.floor(total));
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function paint() {
  const state = paintState();
  if (state !== "live" && state !== "reconnecting") return;
  const now = serverNow();
  setText(clock, hours.format(1000 * now));
  for (const wait of board.querySelectorAll("[data-since]")) setText(wait, duration(now - wait.dataset.since));
}

// A frozen server or a pulled cable says nothing at all, and the browser would wait for ever.
function kick() {
  const now = performance.now();
  if (now - heard < KICK || now - kicked < KICK) return;
  kicked = now;
  if (connection?.reader) connection.reader.cancel();
  else board.dispatchEvent(new Event("reconnect"));
}

function reloadForNewVersion() {
  const build = board.querySelector("[data-build]")?.dataset.build;
  if (!build || build === page.dataset.build) return;
  const last = Number(sessionStorage.getItem("reloaded") ?? 0);
  if (Date.now() - last < RELOAD_GAP) return;
  sessionStorage.setItem("reloaded", Date.now());
  location.reload();
}

function closed() {
  open = false;
  paintState();
}

board.addEventListener("htmx:sse:after:connection", (event) => (connection = event.detail.connection));
board.addEventListener("htmx:sse:before:message", (event) => hear(event.detail.message.id));
board.addEventListener("htmx:sse:after:message", () => {
  paint();
  drawCurve();
  listenForRed(board);
  reloadForNewVersion();
});
// Said before a second attempt, that is at once when the stream has ended.
board.addEventListener("htmx:sse:before:connection", closed);
board.addEventListener("htmx:sse:error", (event) => {
  closed();
  if (event.detail.status === 401) location.reload(); // the session is over: the server says where to go
});
board.addEventListener("htmx:sse:close", closed);

function everySecond() {
  paint();
  kick();
  // Just after the next full second of the server, so that all boards in a room turn over together.
  setTimeout(everySecond, 1000 - ((serverNow() * 1000) % 1000) + 5);
}
everySecond();
drawCurve();
listenForRed(board);

// The list of lines closes when somebody looks elsewhere.
const filter = document.querySelector(".filter");
addEventListener("click", (event) => filter && !filter.contains(event.target) && (filter.open = false));
filter?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  filter.open = false;
  filter.querySelector("summary").focus();
});
