// The floor in the browser: pictures come in by htmx; this script keeps the seconds running, opens a dialog for each
// deed, sends it to the API and says in words what came of it. Loaded before htmx, or it would miss the first words.

// The server sends a sign of life every second. Times in milliseconds.
const QUIET = 3500; // after this the page says that it is reconnecting
const STALE = 10000; // after this what is shown is called stale
const KICK = 5000; // a connection this silent is given up and made again
const READ = 12000; // so long the result of a deed stays

const floor = document.getElementById("floor");
const live = document.getElementById("live");
const staleNote = document.getElementById("stale");
const said = document.getElementById("said");
const seconds = new Intl.DateTimeFormat("nl-BE", { timeZone: live.dataset.timezone, timeStyle: "medium" });

let moment = 0; // of the newest picture: seconds since the epoch, the server's clock
let seen = 0;
let heard = performance.now();
let kicked = 0;
let open = false;
let connection = null;

const now = () => moment + (performance.now() - seen) / 1000;
const picture = () => floor.querySelector(".floor");

// --- Is this true now? ------------------------------------------------------------------------------------------------

function hear(id) {
  heard = performance.now();
  open = true;
  if (Number(id) && Number(id) !== moment) {
    moment = Number(id);
    seen = heard;
  }
}

function state() {
  if (!moment) return "connecting";
  const age = performance.now() - seen;
  if (age > STALE || floor.querySelector("#link-lost")) return "stale";
  return open && age < QUIET ? "live" : "reconnecting";
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function duration(total) {
  const whole = Math.max(0, Math.floor(total));
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function paint() {
  const is = state();
  document.body.dataset.state = is;
  const since = seconds.format(1000 * moment);
  setText(live.querySelector("span"), live.dataset[is].replace("{time}", since));
  staleNote.hidden = is !== "stale" || Boolean(floor.querySelector("#link-lost"));
  if (!staleNote.hidden) setText(staleNote.lastElementChild, staleNote.dataset.text.replace("{time}", since));
  if (is === "stale" || is === "connecting") return;
  for (const one of floor.querySelectorAll("[data-since]")) setText(one, duration(now() - one.dataset.since));
}

function kick() {
  const at = performance.now();
  if (at - heard < KICK || at - kicked < KICK) return;
  kicked = at;
  if (connection?.reader) connection.reader.cancel();
  else floor.dispatchEvent(new Event("reconnect"));
}

function closed() {
  open = false;
  paint();
}

floor.addEventListener("htmx:sse:after:connection", (event) => (connection = event.detail.connection));
floor.addEventListener("htmx:sse:before:message", (event) => hear(event.detail.message.id));
floor.addEventListener("htmx:sse:after:message", paint);
floor.addEventListener("htmx:sse:before:connection", closed);
floor.addEventListener("htmx:sse:error", (event) => {
  closed();
  if (event.detail.status === 401) location.reload(); // the session is over: the server says where to go
});
floor.addEventListener("htmx:sse:close", closed);

setInterval(() => {
  paint();
  kick();
}, 1000);

// --- Dialogs ----------------------------------------------------------------------------------------------------------

let opener = null; // id of the button: the row under it may be another one by the time the dialog closes

function fill(form, values) {
  form.reset();
  for (const [name, value] of Object.entries(values)) {
    for (const field of form.querySelectorAll(`[name="${name}"]`)) {
      if (field.type === "radio") field.checked = field.value === String(value);
      else if (field.type === "checkbox") field.checked = value.includes(field.value);
      else field.value = value;
    }
  }
}

const prepare = {
  move(form, values) {
    for (const field of form.querySelectorAll("[name=line]")) {
      field.disabled = field.value === values.line; // he waits there already
      field.checked = false;
    }
  },
  lines(form, values) {
    form.querySelector(".if-lent").hidden = !values.lent;
  },
  crisis(form) {
    fill(form, { message: picture()?.dataset.crisis ?? "" });
  },
  listen(form) {
    const list = form.querySelector("[name=device]");
    const phones = JSON.parse(picture()?.dataset.phones ?? "[]");
    const { own, mine, none } = list.dataset;
    const options = phones.map((device) => new Option(device === own ? mine.replace("{device}", device) : device, device));
    list.replaceChildren(...(options.length ? options : [new Option(none, "")]));
    if (phones.includes(own)) list.value = own;
  },
};

function show(button) {
  const dialog = document.getElementById(`do-${button.dataset.do}`);
  const form = dialog.querySelector("form");
  const values = JSON.parse(button.dataset.values ?? "{}");
  opener = button.id;
  fill(form, values);
  prepare[button.dataset.do]?.(form, values);
  dialog.querySelector(".about").textContent = button.dataset.about ?? "";
  dialog.querySelector(".fault").hidden = true;
  reasons(form);
  dialog.showModal();
}

function reasons(form) {
  const why = form.querySelector(".if-not-ready");
  if (why) why.hidden = form.querySelector("[name=state]:checked")?.value !== "not_ready";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) show(button);
  const now = event.target.closest("[data-now]");
  if (now) send(now.dataset.now, JSON.parse(now.dataset.values)).then(tell);
});
document.addEventListener("change", (event) => {
  if (event.target.form) reasons(event.target.form);
});
document.addEventListener("close", () => document.getElementById(opener)?.focus(), true);

// --- Deeds ------------------------------------------------------------------------------------------------------------

const deeds = {
  move: (data) => ({ call: data.get("call"), line: data.get("line") }),
  state: (data) => ({
    operator: data.get("operator"),
    state: data.get("state"),
    reason: data.get("state") === "not_ready" ? data.get("reason") : "",
  }),
  lines: (data) => ({ operator: data.get("operator"), lines: data.has("back") ? null : data.getAll("lines") }),
  line: (data) => ({ line: data.get("line"), open: JSON.parse(data.get("open")) }),
  crisis: (data) => ({ message: data.get("message") || null }),
  listen: (data) => ({ operator: data.get("operator"), mode: data.get("mode"), device: data.get("device") }),
};

async function send(deed, body) {
  try {
    const response = await fetch(`/api/floor/${deed}?lang=${floor.dataset.lang}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": floor.dataset.csrf },
      body: JSON.stringify(body),
    });
    if (response.status === 401 || response.status === 403) location.reload(); // the server says where to go
    const answer = await response.json();
    return response.ok ? { said: answer.said } : { fault: String(answer.detail) };
  } catch {
    return { fault: said.dataset.fault };
  }
}

let fading = 0;

function tell({ said: words, fault }) {
  const note = said.firstElementChild;
  note.className = fault ? "banner alarm" : "banner good";
  note.textContent = fault ?? words;
  note.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (note.hidden = true), READ);
}

document.addEventListener("submit", async (event) => {
  const { deed } = event.target.dataset;
  if (!deed) return;
  event.preventDefault();
  const form = event.target;
  if (form.dataset.busy) return; // one press is one deed
  form.dataset.busy = "1";
  const answer = await send(deed, deeds[deed](new FormData(form, event.submitter)));
  delete form.dataset.busy;
  const fault = form.querySelector(".fault");
  fault.hidden = !answer.fault;
  if (answer.fault) setText(fault.lastElementChild, answer.fault);
  else {
    form.closest("dialog").close();
    tell(answer);
  }
});
