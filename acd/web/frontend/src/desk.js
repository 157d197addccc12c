// The pages for people: confirmations in dialogs, and a list that says when it is no longer fresh. Loaded before htmx.

const STALE = 12000; // milliseconds without an answer after which the list is called stale

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
});

// One press is one deed, however often the button is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
// Who comes back to this page by the browser's history may send again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

const work = document.getElementById("work");
const stale = document.getElementById("stale");
let heard = performance.now();
let clock = Date.now();

function answered(event) {
  const status = event.detail?.ctx?.response?.status;
  if (status === 401 || status === 403) location.reload(); // the server says where to go
  if (status !== 200) return;
  heard = performance.now();
  clock = Date.now();
}

function everySecond() {
  const late = performance.now() - heard > STALE;
  if (late && stale.hidden) {
    const time = new Intl.DateTimeFormat("nl-BE", { timeStyle: "medium" }).format(clock);
    stale.lastElementChild.textContent = stale.dataset.text.replace("{time}", time);
  }
  stale.hidden = !late;
}

if (work) {
  document.addEventListener("htmx:after:request", answered);
  setInterval(everySecond, 1000);
}
