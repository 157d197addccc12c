// The operator's telephone in a page. connectPhone(element) brings the markup of desk_phone.html to life.
//
// With the phone in the browser this is a SIP phone (JsSIP over our own /sip): it answers, holds and transfers by itself,
// and what it says of a call is true at once. With any other phone it shows what the page tells it, and asks the server to
// hang up and to send on.
//
// The page around it hears "phone:state" (detail: { registered, ready, state, number, line, held, muted, since }) and says
// "phone:do" (detail: { do: "answer" | "hangup" | "hold" | "mute" | "keypad" | "transfer" | "look" }), both on the element;
// to a phone that is not in the page "phone:call" as well (detail: PhoneView); and "acd:call" on the document when the call
// that the switch has at this desk is another one.

import JsSIP from "jssip";
import { inCall, reload } from "./reload.js";

const HOST = "acd.invalid"; // SIP wants one; Asterisk knows its phones by name alone
const ELSEWHERE = 4001;
const SIGNED_OUT = 4003;
const GATHERED = 250; // milliseconds after the first address of ours in which others may come
const HURRY = 1000; // milliseconds after an answer in which its key does not hang up
const LOOK_AGAIN = 2000; // milliseconds between two looks at the call of a phone that is not in the page

export function connectPhone(element) {
  if (element.dataset.connected) return;
  element.dataset.connected = "yes";
  const phone = element.dataset.kind === "browser" ? new BrowserPhone(element) : new DeskPhone(element);
  phone.start();
}

// --- What every phone shows ---------------------------------------------------------------------------------------------

class Shown {
  constructor(element) {
    this.element = element;
    this.texts = JSON.parse(element.dataset.texts);
    this.answered = 0;
    element.addEventListener("click", (event) => this.pressed(event));
    element.addEventListener("submit", (event) => this.submitted(event));
    element.addEventListener("phone:do", (event) => this.act(event.detail.do, event.detail));
    document.addEventListener("keydown", (event) => this.keyed(event));
    this.part("to").addEventListener("input", () => this.filter());
    this.part("to").addEventListener("keydown", (event) => this.pick(event));
    setInterval(() => this.tick(), 500);
  }

  part(name) {
    return this.element.querySelector(`[data-part="${name}"]`);
  }

  say(name, text) {
    const part = this.part(name);
    if (part.textContent !== text) part.textContent = text;
  }

  show(name, shown) {
    this.part(name).hidden = !shown;
  }

  pressed(event) {
    const button = event.target.closest("[data-do]");
    if (button && this.element.contains(button)) this.act(button.dataset.do, button.dataset);
  }

  submitted(event) {
    event.preventDefault();
    this.act(event.submitter?.dataset.then || "send");
  }

  keyed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const where = event.target;
    const functional = /^F\d+$/.test(event.key);
    if (event.key === "Escape" && !where.closest("dialog") && this.closePanels()) return event.preventDefault();
    if (!functional && where.closest("input, textarea, select, dialog, [contenteditable]")) return;
    if (!this.part("pad").hidden && /^[0-9*#]$/.test(event.key)) {
      if (!event.repeat) this.act("digit", { digit: event.key });
      return;
    }
    const key = event.key === " " ? "Space" : functional && event.shiftKey ? `Shift+${event.key}` : event.key;
    const button = [...this.element.querySelectorAll("[aria-keyshortcuts]")].find(
      (one) => one.getAttribute("aria-keyshortcuts").split(" ").includes(key) && one.offsetParent !== null && !one.disabled,
    );
    // Whoever stands on a button means that button.
    if (!button || ((key === "Enter" || key === "Space") && where.closest("button, a, summary") && where !== button)) return;
    event.preventDefault();
    // The key that answers also hangs up: a hurried second press does not.
    if (event.repeat || (functional && button.dataset.do === "hangup" && Date.now() - this.answered < HURRY)) return;
    if (button.dataset.do === "answer") this.answered = Date.now();
    button.click();
  }

  closePanels() {
    const open = ["pad", "transfer", "settings"].filter((name) => !this.part(name).hidden);
    for (const name of open) this.toggle(name, false);
    return open.length > 0;
  }

  toggle(name, shown = this.part(name).hidden) {
    const opener = this.element.querySelector(`[aria-controls="${this.part(name).id}"]`);
    if (shown) this.from = document.activeElement;
    const inside = this.part(name).contains(document.activeElement);
    this.show(name, shown);
    opener.setAttribute("aria-expanded", shown);
    if (shown) this.part(name).querySelector("input, button")?.focus();
    else if (inside) (this.from?.offsetParent ? this.from : opener).focus(); // back to what he was at
  }

  tick() {
    for (const one of this.element.querySelectorAll("[data-since]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Number(one.dataset.since)) / 1000));
      const minutes = Math.floor(seconds / 60);
      const text = `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
      if (one.textContent !== text) one.textContent = text;
    }
  }

  since(name, moment) {
    const part = this.part(name);
    if (moment) part.dataset.since = moment;
    else delete part.dataset.since;
    if (!moment) part.textContent = "";
    this.tick();
  }

  trouble(text) {
    this.say("trouble-text", text || "");
    this.show("trouble", Boolean(text));
  }

  tell(detail) {
    this.element.dataset.state = detail.state;
    this.element.dispatchEvent(new CustomEvent("phone:state", { bubbles: true, detail }));
  }

  // --- The server ---

  async ask(path, method = "GET", body = undefined) {
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-CSRF-Token"] = this.element.dataset.csrf;
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
    if (answer.status === 401) reload(); // signed out: the server says where to go
    if (!answer.ok) throw new Refused(answer.status, (await answer.json().catch(() => ({}))).detail);
    return answer.status === 204 ? null : answer.json();
  }

  async look() {
    const view = await this.ask("/api/phone");
    this.view = view;
    this.showNote(view);
    return view;
  }

  showNote(view) {
    const note = view.talk?.note || (this.element.dataset.state !== "idle" && view.coming);
    this.show("note", Boolean(note?.note));
    if (!note?.note) return;
    const by = this.view?.targets.colleagues.find((one) => one.operator === note.by)?.name || note.by;
    this.say("note-by", this.texts.phone_note_from.replace("{name}", by));
    this.say("note-text", note.note);
  }

  // --- To whom he can send his caller ---

  async openTransfer() {
    this.trouble("");
    this.toggle("transfer");
    if (this.part("transfer").hidden) return;
    this.part("to").select();
    await this.look().catch(() => null);
    this.filter();
  }

  filter() {
    const list = this.part("targets");
    const wanted = this.part("to").value.trim().toLowerCase();
    const language = document.documentElement.lang;
    const { lines = {}, colleagues = [] } = this.view?.targets || {};
    const own = this.element.dataset.device;
    const rows = [
      ...Object.entries(lines).map(([id, names]) => ({ to: id, name: names[language] || names.nl || id, what: "line" })),
      ...colleagues
        .filter((one) => one.number !== own)
        .map((one) => ({ to: one.number, name: one.name, what: one.state, number: one.number })),
    ].filter((row) => `${row.name} ${row.number || ""}`.toLowerCase().includes(wanted) || row.to === this.chosen);
    list.replaceChildren(
      ...rows.map((row, index) => {
        const option = this.part("target").content.firstElementChild.cloneNode(true);
        option.id = `phone-target-${index}`;
        option.dataset.do = "choose";
        option.dataset.to = row.to;
        option.dataset.name = row.name;
        option.dataset.what = row.what;
        option.querySelector(".name").textContent = row.name;
        option.querySelector(".what").textContent =
          row.what === "line" ? this.texts.phone_line : `${row.number} · ${this.texts[`phone_is_${row.what}`]}`;
        return option;
      }),
    );
    this.mark(rows.findIndex((row) => row.to === this.chosen));
  }

  mark(index) {
    const options = [...this.part("targets").children];
    options.forEach((option, place) => option.setAttribute("aria-selected", place === index));
    const active = options[index];
    this.part("to").setAttribute("aria-activedescendant", active?.id || "");
    active?.scrollIntoView({ block: "nearest" });
  }

  pick(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") {
      if (event.key.length === 1 || event.key === "Backspace") this.chosen = undefined;
      return;
    }
    event.preventDefault();
    const options = [...this.part("targets").children];
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const next = options[(at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length];
    if (next) this.choose(next.dataset, false);
  }

  choose({ to, name }, close = true) {
    this.chosen = to;
    this.part("to").value = name;
    if (close) this.part("to").focus();
    this.mark([...this.part("targets").children].findIndex((option) => option.dataset.to === to));
  }

  wanted() {
    return { to: this.chosen || this.part("to").value.trim(), note: this.part("with-note").value.trim() };
  }

  sentOn() {
    this.chosen = undefined;
    this.part("to").value = this.part("with-note").value = "";
    if (!this.part("transfer").hidden) this.toggle("transfer", false);
  }

  refused(error) {
    this.trouble(this.texts[error.detail] || this.texts.phone_failed);
  }
}

class Refused extends Error {
  constructor(status, detail) {
    super(detail || String(status));
    this.detail = detail;
  }
}

// --- A phone on the desk: the switch hangs up and sends on ---------------------------------------------------------------

class DeskPhone extends Shown {
  start() {
    for (const name of ["answer", "hold", "mute", "keypad", "settings-button", "consult"]) this.show(name, false);
    this.element.addEventListener("phone:call", (event) => this.render((this.told = event.detail)));
    if (this.element.dataset.poll) this.poll();
    else this.act("look");
  }

  async lookAnew() {
    const told = this.told;
    const view = await this.look();
    this.render(told === this.told ? view : this.told); // what the page said meanwhile is newer
  }

  async poll() {
    try {
      await this.lookAnew();
    } catch {
      this.say("status", this.texts.phone_no_server);
    }
    setTimeout(() => this.poll(), LOOK_AGAIN);
  }

  render(view) {
    const talk = view.talk;
    const state = !talk ? "idle" : talk.calling ? "calling" : talk.ringing ? "ringing" : talk.held_since ? "held" : "talking";
    this.say("status", this.texts[view.reachable ? "phone_ready" : "phone_unreachable"]);
    this.element.dataset.health = view.reachable ? "good" : "bad";
    this.show("idle", state === "idle");
    this.show("call", state !== "idle");
    this.show("talking", state === "talking" || state === "held" || state === "calling");
    this.show("transfer-button", Boolean(talk?.call)); // whom he calls back he sends on by his phone
    this.show("hint", state !== "idle");
    this.show("survey", Boolean(talk?.survey));
    if (state === "idle") this.closePanels();
    const names = (this.view || view).targets.lines[talk?.line] || {};
    this.say("line", names[document.documentElement.lang] || names.nl || talk?.line || "");
    this.say("what", state === "idle" ? "" : this.texts[`phone_${state}`]);
    this.since("time", talk ? (talk.held_since || talk.since) * 1000 : 0);
    this.tell({ registered: view.reachable, ready: view.reachable, state, line: talk?.line, held: state === "held" });
    this.showNote(view);
  }

  async act(what, detail) {
    try {
      if (what === "transfer") await this.openTransfer();
      else if (what === "choose") this.choose(detail);
      else if (what === "hangup") await this.ask("/api/phone/hangup", "POST");
      else if (what === "survey") await this.ask("/api/phone/survey", "POST");
      else if (what === "look") await this.lookAnew();
      else if (what === "send") {
        await this.ask("/api/phone/transfer", "POST", this.wanted());
        this.sentOn();
      }
    } catch (error) {
      this.refused(error);
    }
  }
}

// --- The phone in the page ------------------------------------------------------------------------------------------------

class BrowserPhone extends Shown {
  start() {
    this.main = null; // the caller
    this.aside = null; // the colleague who is consulted
    this.gone = "";
    this.settings = JSON.parse(localStorage.getItem("acd-phone") || "{}");
    this.part("auto").checked = Boolean(this.settings.auto);
    this.part("settings").addEventListener("change", () => this.save());
    navigator.mediaDevices?.addEventListener("devicechange", () => this.listDevices());
    addEventListener("pointerdown", () => this.bell.wake());
    addEventListener("keydown", () => this.bell.wake());
    document.addEventListener("acd:call", () => this.look().catch(() => null));
    addEventListener("beforeunload", (event) => inCall() && event.preventDefault());
    this.bell = new Bell();
    this.render();
    this.open();
  }

  async open() {
    this.gone = "";
    this.health = "connecting";
    this.render();
    try {
      this.card = await this.ask("/api/phone/card", "POST");
    } catch (error) {
      // Without a card there is no phone: the server may be starting.
      this.gone = error instanceof Refused && error.detail ? "phone_not_set_up" : "phone_no_server";
      this.render();
      setTimeout(() => this.open(), 3000);
      return;
    }
    this.register();
    await this.askMicrophone();
  }

  register() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(`${scheme}://${location.host}/sip`)],
      uri: `sip:${this.card.device}@${HOST}`,
      authorization_user: this.card.device,
      realm: this.card.realm,
      ha1: this.card.ha1,
      register_expires: 120,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 5,
      user_agent: "acd",
    });
    this.agent.on("registered", () => this.registered());
    this.agent.on("unregistered", () => this.lost("connecting"));
    this.agent.on("registrationFailed", ({ response }) => this.notRegistered(response));
    this.agent.on("disconnected", ({ code }) => this.disconnected(code));
    this.agent.on("newRTCSession", (event) => event.originator === "remote" && this.rung(event.session));
    this.agent.start();
  }

  registered() {
    this.health = "good";
    this.render();
    // Where we are now is another place than before: the switch must know it for the calls in hand as well.
    for (const one of [this.main, this.aside]) if (one?.moved) one.refresh();
  }

  lost(health) {
    this.health = health;
    for (const one of [this.main, this.aside]) if (one) one.moved = true;
    this.render();
  }

  notRegistered(response) {
    if (response?.status_code === 401 || response?.status_code === 403) this.gone = "phone_not_set_up";
    this.lost("bad");
  }

  disconnected(code) {
    if ((code === ELSEWHERE || code === SIGNED_OUT) && !this.main) {
      this.agent.stop();
      this.gone = code === ELSEWHERE ? "phone_elsewhere" : "";
      if (code === SIGNED_OUT) reload();
    }
    this.lost(this.gone ? "bad" : "connecting");
  }

  // --- Sound ---

  async askMicrophone() {
    this.mute = "";
    if (!navigator.mediaDevices) {
      this.mute = "phone_insecure";
    } else {
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: this.wantedMicrophone() });
        for (const track of stream.getTracks()) track.stop();
      } catch (error) {
        this.mute = error.name === "NotFoundError" ? "phone_no_microphone" : "phone_microphone_denied";
      }
    }
    this.listDevices();
    this.render();
  }

  wantedMicrophone() {
    const { microphone } = this.settings;
    return microphone ? { deviceId: { ideal: microphone } } : true;
  }

  async listDevices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) || [];
    for (const [name, kind] of [["microphone", "audioinput"], ["speaker", "audiooutput"]]) {
      const found = devices.filter((device) => device.kind === kind && device.deviceId && device.deviceId !== "default");
      const options = [new Option(this.texts.phone_default, "")];
      for (const device of found) options.push(new Option(device.label || this.texts[`phone_${name}`], device.deviceId));
      this.part(name).replaceChildren(...options);
      this.part(name).value = this.settings[name] || "";
      if (this.part(name).selectedIndex < 0) this.part(name).value = "";
    }
  }

  save() {
    this.settings = {
      auto: this.part("auto").checked,
      microphone: this.part("microphone").value,
      speaker: this.part("speaker").value,
    };
    localStorage.setItem("acd-phone", JSON.stringify(this.settings));
    for (const one of [this.main, this.aside]) one?.useSpeaker(this.settings.speaker);
  }

  // --- Calls ---

  rung(session) {
    if (this.main) {
      session.terminate({ status_code: 486, reason_phrase: "Busy Here" });
      return;
    }
    this.main = new Conversation(this, session, "main");
    this.bell.ring();
    if (this.settings.auto && !this.mute) this.main.answer();
    else if (!document.activeElement?.closest("input, textarea, select, [contenteditable]")) this.focusAnswer = true;
    this.render();
    if (this.focusAnswer) this.part("answer").focus();
    this.focusAnswer = false;
    this.look().catch(() => null);
  }

  changed(conversation) {
    if (conversation.state !== "ringing") this.bell.stop();
    if (conversation.state === "over") {
      if (conversation === this.main) {
        this.main = null;
        this.closePanels();
        this.show("note", false);
        // A colleague who is still there is a call like any other.
        if (this.aside) [this.main, this.aside] = [this.aside, null];
      } else {
        this.aside = null;
      }
      if (conversation.failed) this.trouble(this.texts[conversation.failed]);
    } else if (conversation === this.main && conversation.state === "talking") {
      this.trouble("");
    }
    this.render();
  }

  render() {
    const main = this.main;
    const state = main ? main.state : "idle";
    const problem = this.gone || this.mute || "";
    const good = this.health === "good" && !problem;
    this.element.dataset.health = good ? "good" : problem && this.health !== "connecting" ? "bad" : this.health || "bad";
    this.say("status", this.texts[problem || (this.health === "good" ? "phone_ready" : "phone_connecting")]);
    this.show("again", this.gone === "phone_elsewhere" || Boolean(this.mute && this.mute !== "phone_insecure"));
    this.show("idle", !main);
    this.show("call", Boolean(main));
    this.show("ringing", state === "ringing");
    this.show("talking", Boolean(main) && state !== "ringing");
    if (main) this.renderCall(main);
    this.show("aside", Boolean(this.aside));
    if (this.aside) this.renderAside();
    this.tell({
      registered: this.health === "good",
      ready: good,
      state,
      number: main?.number,
      line: main?.line,
      held: state === "held",
      muted: Boolean(main?.muted),
      since: main?.since,
    });
    document.title = document.title.replace(/^☎ /, "");
    if (state === "ringing") document.title = `☎ ${document.title}`;
  }

  renderCall(main) {
    this.say("line", main.line);
    this.say("number", main.number || this.texts.phone_withheld);
    this.say("what", this.texts[`phone_${main.state}`]);
    this.since("time", main.since);
    this.press("hold", main.held, main.state === "talking" || main.state === "held");
    this.press("mute", main.muted, main.state === "talking");
    for (const name of ["keypad", "transfer-button"]) this.part(name).disabled = main.state === "calling";
    this.show("survey", main.state !== "calling" && Boolean(this.view?.talk?.survey));
    this.part("hold-text").textContent = this.texts[main.held ? "phone_resume" : "phone_hold"];
    this.part("mute-text").textContent = this.texts[main.muted ? "phone_unmute" : "phone_mute"];
  }

  renderAside() {
    const aside = this.aside;
    this.say("aside-name", aside.name);
    this.say("aside-what", this.texts[`phone_${aside.state}`]);
    this.since("aside-time", aside.since);
    this.part("complete").disabled = aside.state !== "talking";
  }

  press(name, on, able) {
    this.part(name).setAttribute("aria-pressed", on);
    this.part(name).disabled = !able;
  }

  async act(what, detail) {
    const main = this.main;
    try {
      if (what === "again") this.gone ? this.open() : this.askMicrophone();
      else if (what === "settings") this.toggle("settings");
      else if (what === "test") this.bell.once();
      else if (what === "choose") this.choose(detail);
      else if (!main) return;
      else if (what === "answer") main.state === "ringing" && main.answer();
      else if (what === "hangup" || what === "reject") main.end();
      else if (what === "hold") main.hold(!main.held);
      else if (what === "mute") main.mute(!main.muted);
      else if (what === "keypad") this.toggle("pad");
      else if (what === "digit") this.digit(main, detail.digit);
      else if (what === "transfer") await this.openTransfer();
      else if (what === "survey") await this.ask("/api/phone/survey", "POST");
      else if (what === "send") await this.send(main);
      else if (what === "consult") await this.consult(main);
      else if (what === "complete") this.complete(main);
      else if (what === "back") this.back(main);
    } catch (error) {
      this.refused(error);
    }
  }

  digit(main, digit) {
    main.digit(digit);
    this.say("pressed", (this.part("pressed").textContent + digit).slice(-24));
  }

  // The note first: the next operator's page shows it as it rings. Where the server is away the caller goes without.
  async target(how) {
    const wanted = this.wanted();
    try {
      return (await this.ask("/api/phone/transfer", "POST", { ...wanted, how })).to;
    } catch (error) {
      if (error instanceof Refused && error.detail !== "phone_nobody") throw error;
      if (!wanted.to) throw error;
      return wanted.to.replace(/[^+\w]/g, "");
    }
  }

  async send(main) {
    const to = await this.target("blind");
    main.refer(to);
    this.sentOn();
  }

  async consult(main) {
    if (this.aside) return;
    const name = this.part("to").value.trim();
    const to = await this.target("consult");
    if (!/^[+0-9]/.test(to)) throw new Refused(422, "phone_consult_line");
    main.hold(true);
    this.sentOn();
    const options = { eventHandlers: {}, ...this.callOptions() };
    this.aside = Conversation.toColleague(this, to, name, options);
    this.render();
  }

  complete(main) {
    if (this.aside?.state === "talking") main.refer(this.aside.session.remote_identity.uri.toString(), this.aside);
  }

  back(main) {
    this.aside?.end();
    main.hold(false);
  }

  callOptions() {
    return {
      mediaConstraints: { audio: this.wantedMicrophone(), video: false },
      pcConfig: { iceServers: [], rtcpMuxPolicy: "require" },
    };
  }
}

class Conversation {
  static toColleague(phone, to, name, options) {
    const conversation = new Conversation(phone, null, "aside");
    conversation.name = name;
    conversation.state = "calling";
    conversation.session = phone.agent.call(`sip:${to}@${HOST}`, {
      ...options,
      eventHandlers: { peerconnection: ({ peerconnection }) => conversation.listen(peerconnection) },
    });
    conversation.follow();
    return conversation;
  }

  constructor(phone, session, place) {
    this.phone = phone;
    this.audio = phone.part(`${place}-sound`);
    this.state = "ringing";
    this.since = Date.now();
    this.held = this.muted = this.moved = false;
    this.failed = "";
    if (!session) return;
    this.session = session;
    const from = session.remote_identity;
    this.line = from.display_name || "";
    this.number = /^\+?\d+$/.test(from.uri.user || "") ? from.uri.user : "";
    this.name = this.line || this.number;
    session.on("peerconnection", ({ peerconnection }) => this.listen(peerconnection));
    this.follow();
  }

  follow() {
    const session = this.session;
    session.on("accepted", () => this.to("talking"));
    session.on("confirmed", () => this.state !== "held" && this.to("talking", false));
    session.on("ended", () => this.over(""));
    session.on("failed", ({ originator, cause }) => this.over(originator === "local" ? "" : why(cause, this)));
    for (const what of ["reinvite", "update"]) session.on(what, ({ request }) => this.meet(request));
    session.on("getusermediafailed", () => this.over("phone_microphone_denied"));
    session.on("icecandidate", ({ ready }) => {
      clearTimeout(this.gathering);
      this.gathering = setTimeout(ready, GATHERED);
    });
  }

  // The switch says who is there from now on: a colleague has put his caller through.
  meet(request) {
    const said = request.getHeader("P-Asserted-Identity");
    const identity = said && JsSIP.NameAddrHeader.parse(said);
    const number = identity?.uri.user || "";
    if (!/^\+?\d+$/.test(number) || number === this.number) return;
    this.number = number;
    this.line = identity.display_name || "";
    this.phone.look().catch(() => null);
    this.phone.changed(this);
  }

  listen(connection) {
    connection.addEventListener("track", ({ streams, track }) => {
      this.audio.srcObject = streams[0] || new MediaStream([track]);
      this.useSpeaker(this.phone.settings.speaker);
      this.audio.play().catch(() => null);
    });
  }

  useSpeaker(id) {
    this.audio.setSinkId?.(id || "").catch(() => null);
  }

  to(state, anew = true) {
    if (this.state === "over") return;
    const before = this.state;
    this.state = state;
    if (anew && before !== state) this.since = Date.now();
    this.phone.changed(this);
  }

  over(failed) {
    if (this.state === "over") return;
    this.failed = failed;
    this.audio.srcObject = null;
    this.to("over");
  }

  answer() {
    this.session.answer(this.phone.callOptions());
    this.to("answering", false);
  }

  end() {
    if (this.session.isEnded()) this.over("");
    else this.session.terminate(this.state === "ringing" ? { status_code: 603, reason_phrase: "Decline" } : {});
  }

  hold(on) {
    if (on === this.held || !this.session.isEstablished()) return;
    const done = () => {
      this.held = on;
      this.to(on ? "held" : "talking");
    };
    if (on) this.session.hold({}, done);
    else this.session.unhold({}, done);
  }

  mute(on) {
    if (on) this.session.mute({ audio: true });
    else this.session.unmute({ audio: true });
    this.muted = on;
    this.phone.changed(this);
  }

  digit(digit) {
    this.session.sendDTMF(digit, { duration: 160, interToneGap: 70, transportType: "RFC2833" });
  }

  // The switch has him now, and waits for our BYE. A failure leaves everything as it was.
  refer(to, replaced = null) {
    const target = to.startsWith("sip:") ? to : `sip:${to}@${HOST}`;
    const failed = () => this.phone.trouble(this.phone.texts.phone_transfer_failed);
    this.session.refer(target, {
      ...(replaced && { replaces: replaced.session }),
      eventHandlers: {
        accepted: () => {
          this.end();
          replaced?.end();
        },
        requestFailed: failed,
        failed,
      },
    });
  }

  // Our next word tells the switch where we are; sound has gone on meanwhile. A call that is no more ends here.
  refresh() {
    this.moved = false;
    if (this.session.isEstablished()) this.session.renegotiate({}, () => null);
  }
}

function why(cause, conversation) {
  if (conversation.state === "ringing" || conversation.state === "answering") return "";
  return { Busy: "phone_busy", "No Answer": "phone_no_answer", Rejected: "phone_busy" }[cause] || "phone_not_reached";
}

// Rings as telephones here do: one second of 425 Hz, three of silence. Browsers allow it once somebody has touched the page.
class Bell {
  wake() {
    this.sound ||= window.AudioContext && new AudioContext();
    if (this.sound?.state === "suspended") this.sound.resume().catch(() => null);
  }

  ring() {
    this.stop();
    this.once();
    this.timer = setInterval(() => this.once(), 4000);
  }

  once() {
    this.wake();
    if (!this.sound) return;
    const [now, volume, tone] = [this.sound.currentTime, this.sound.createGain(), this.sound.createOscillator()];
    tone.frequency.value = 425;
    volume.gain.setValueAtTime(0, now);
    volume.gain.linearRampToValueAtTime(0.2, now + 0.03);
    volume.gain.setValueAtTime(0.2, now + 0.95);
    volume.gain.linearRampToValueAtTime(0, now + 1);
    tone.connect(volume).connect(this.sound.destination);
    tone.start(now);
    tone.stop(now + 1);
    this.playing = tone;
  }

  stop() {
    clearInterval(this.timer);
    try {
      this.playing?.stop();
    } catch {
      // It had ended.
    }
    this.playing = null;
  }
}

for (const element of document.querySelectorAll("section[data-phone]")) connectPhone(element);
