// What the operator types. Each keystroke is kept in this browser at once, and at the server a moment later; what is
// safe there is forgotten here. Of two texts that were typed in two places both are kept, one below the other.

const PAUSE = 500; // milliseconds without a keystroke after which the server is told
const LATEST = 3000; // it is told after this, however long somebody types on
const AGAIN = 3000; // what the server could not take is sent again

const FIELDS = ["name", "note", "subjects", "settled"];
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class Notebook {
  #place;
  #headers;
  #form = null;
  #version = 0;
  #base = null; // what the server is known to have
  #sending = null;
  #timer = 0;
  #first = 0; // when the oldest unsaved keystroke came
  #failed = 0;
  #hours;
  #clock;

  constructor(place, headers, timeZone, clock) {
    this.#clock = clock;
    this.#hours = new Intl.DateTimeFormat("nl-BE", { timeZone, hour: "2-digit", minute: "2-digit" });
    this.#place = place;
    this.#headers = headers;
    place.addEventListener("input", (event) => this.#typed(event));
    place.addEventListener("change", (event) => this.#typed(event));
    place.addEventListener("submit", (event) => this.#submitted(event));
    this.#adopt();
    this.#sendStrays();
  }

  get contact() {
    return this.#form?.dataset.contact ?? "";
  }

  get unsaved() {
    return this.#form !== null && !same(this.#read(), this.#base);
  }

  focus() {
    const note = this.#form?.elements.note;
    if (!note) return;
    note.focus();
    note.setSelectionRange(note.value.length, note.value.length);
  }

  // The form of another contact. What was typed on this one is on its way first.
  async open(contact) {
    this.flush();
    try {
      const answer = await fetch(`/desk/form?contact=${encodeURIComponent(contact)}`, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      this.#place.innerHTML = await answer.text();
      this.#adopt();
    } catch {
      // The next picture asks again.
    }
  }

  // --- The form -------------------------------------------------------------------------------------------------------

  #adopt() {
    this.#form = this.#place.querySelector("#contact");
    if (!this.#form) return;
    this.#version = Number(this.#form.dataset.version);
    this.#base = normal(JSON.parse(this.#form.dataset.draft));
    const question = this.#place.querySelector("#question");
    this.#restoreQuestion(question);
    const kept = read(this.#key());
    if (kept && !same(kept.draft, this.#base)) {
      // Typed before this page was loaded again, and never safe at the server.
      this.#write(this.#merged(kept.draft, kept.base, this.#base, kept.version !== this.#version));
      this.#send();
    }
  }

  #read() {
    const fields = this.#form.elements;
    const settled = this.#form.querySelector("[name=settled]:checked")?.value;
    return {
      name: fields.name.value,
      note: fields.note.value,
      subjects: [...this.#form.querySelectorAll("[name=subjects]:checked")].map((box) => box.value),
      settled: settled === undefined ? null : settled === "true",
    };
  }

  // Fields that are the same stay untouched: a cursor in them stays where it is.
  #write(draft) {
    const now = this.#read();
    const fields = this.#form.elements;
    for (const name of ["name", "note"]) if (now[name] !== draft[name]) replaceText(fields[name], draft[name]);
    for (const box of this.#form.querySelectorAll("[name=subjects]")) box.checked = draft.subjects.includes(box.value);
    for (const choice of this.#form.querySelectorAll("[name=settled]")) choice.checked = choice.value === String(draft.settled);
  }

  // Mine over theirs, field by field; of two notes both.
  #merged(mine, base, theirs, elsewhere) {
    const draft = { ...mine };
    for (const field of FIELDS) if (same(mine[field], base?.[field] ?? null)) draft[field] = theirs[field];
    const twice = elsewhere && !same(mine.note, theirs.note) && !same(theirs.note, base?.note ?? "");
    if (twice && draft.note === mine.note && !mine.note.includes(theirs.note)) {
      draft.note = theirs.note.includes(mine.note) ? theirs.note : `${mine.note}\n\n${theirs.note}`;
      this.#say(this.#form.dataset.merged, true);
    }
    return draft;
  }

  // --- Keeping --------------------------------------------------------------------------------------------------------

  #key() {
    return `acd.note.${this.contact}`;
  }

  #typed(event) {
    if (event.target.form?.id === "question") {
      keep(`acd.ask.${this.contact}`, questionOf(event.target.form));
      return;
    }
    if (event.target.form !== this.#form || event.target.name === undefined) return;
    keep(this.#key(), { draft: this.#read(), base: this.#base, version: this.#version });
    this.#say(this.#form.dataset.keeping);
    const now = Date.now();
    this.#first ||= now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), Math.max(0, Math.min(PAUSE, this.#first + LATEST - now)));
  }

  retry() {
    if (this.#failed && Date.now() - this.#failed > AGAIN) this.#send();
  }

  // Now, whatever happens to the page next.
  flush() {
    if (this.#form && this.unsaved) this.#post(this.contact, this.#version, this.#read(), true).catch(() => {});
  }

  async #send() {
    clearTimeout(this.#timer);
    if (this.#sending) {
      await this.#sending;
      if (!this.unsaved) return;
    }
    this.#sending = this.#sendNow().finally(() => (this.#sending = null));
    await this.#sending;
    if (this.#form && this.unsaved && !this.#failed) this.#timer = setTimeout(() => this.#send(), PAUSE);
  }

  async #sendNow() {
    const form = this.#form;
    if (!form || !this.unsaved) return;
    const draft = this.#read();
    this.#first = 0;
    try {
      const answer = await this.#post(form.dataset.contact, this.#version, draft);
      if (answer.status === 401) location.reload();
      const kept = answer.ok || answer.status === 409 ? await answer.json() : null;
      if (!kept?.draft) throw new Error(answer.status);
      if (form !== this.#form) return;
      this.#failed = 0;
      const base = this.#base;
      this.#base = normal(kept.draft);
      this.#version = kept.version;
      if (answer.status === 409) this.#write(this.#merged(this.#read(), base, this.#base, true));
      if (this.unsaved) keep(this.#key(), { draft: this.#read(), base: this.#base, version: this.#version });
      else forget(this.#key());
      if (!this.unsaved) this.#say(form.dataset.kept.replace("{time}", this.#hours.format(1000 * this.#clock.now())));
    } catch {
      this.#failed = Date.now();
      if (form === this.#form) this.#say(form.dataset.here, true);
    }
  }

  #post(contact, version, draft, keepalive = false) {
    const body = JSON.stringify({ version, draft });
    return fetch(`/api/desk/contacts/${encodeURIComponent(contact)}`, { method: "POST", headers: this.#headers, body, keepalive });
  }

  // Notes of earlier contacts that never reached the server: a browser that died, or a network that was away for long.
  async #sendStrays() {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith("acd.note.") || key === this.#key()) continue;
      const stray = read(key);
      const contact = key.slice("acd.note.".length);
      if (!stray) continue;
      try {
        const answer = await this.#post(contact, stray.version, stray.draft);
        if (answer.status === 409) {
          const theirs = await answer.json();
          const note = joined(stray.draft.note, theirs.draft.note);
          const again = await this.#post(contact, theirs.version, { ...stray.draft, note });
          if (again.ok) forget(key);
        } else if (answer.ok || answer.status === 404) forget(key);
      } catch {
        return;
      }
    }
  }

  #say(text, aloud = false) {
    const kept = this.#form.querySelector("#kept");
    if (kept.textContent !== text) kept.textContent = text;
    kept.classList.toggle("late", aloud);
    kept.setAttribute("role", aloud ? "status" : "none");
  }

  // --- The request for a colleague ------------------------------------------------------------------------------------

  #restoreQuestion(form) {
    const kept = read(`acd.ask.${this.contact}`);
    if (!kept) return;
    for (const [name, value] of Object.entries(kept)) if (name !== "id" && form.elements[name]) form.elements[name].value = value;
    form.dataset.id = kept.id ?? form.dataset.id;
  }

  async #submitted(event) {
    event.preventDefault();
    const form = event.target;
    if (form.id !== "question" || form.dataset.sent) return;
    form.dataset.sent = "1";
    const fault = form.querySelector("#ask-fault");
    const contact = this.contact;
    try {
      const question = { ...questionOf(form), name: this.#form.elements.name.value, contact };
      const answer = await fetch("/api/desk/requests", { method: "POST", headers: this.#headers, body: JSON.stringify(question) });
      const told = await answer.json();
      if (!answer.ok) throw new Error(form.getAttribute(`data-why-${told.detail}`) ?? answer.status);
      forget(`acd.ask.${contact}`);
      form.closest("dialog").close();
      fault.hidden = true;
      const done = this.#place.querySelector("#told");
      done.textContent = form.dataset.registered.replace("{to}", question.to);
      done.hidden = false;
      form.reset();
      form.dataset.id = crypto.randomUUID?.() ?? freshId();
    } catch (error) {
      fault.textContent = form.dataset.not.replace("{why}", error.message);
      fault.hidden = false;
    }
    delete form.dataset.sent;
  }
}

function questionOf(form) {
  const { to, question, number, deadline } = form.elements;
  return { id: form.dataset.id, to: to.value, question: question.value, number: number.value, deadline: deadline.value };
}

// Browsers give crypto.randomUUID to pages that came over TLS only.
function freshId() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const normal = (draft) => Object.fromEntries(FIELDS.map((field) => [field, draft[field] ?? (field === "subjects" ? [] : field === "settled" ? null : "")]));
const joined = (mine, theirs) => (mine.includes(theirs) ? mine : theirs.includes(mine) ? theirs : `${mine}\n\n${theirs}`);

function replaceText(field, text) {
  const { selectionStart, selectionEnd } = field;
  field.value = text;
  if (document.activeElement === field) field.setSelectionRange(selectionStart, selectionEnd);
}

function keep(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser without room for it: the server has it in a moment.
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // There is nothing then.
  }
}
