// A chime when something enters red, and its mute. The browser lets a page sound only after somebody has touched it;
// until then the button says so. A screen on the wall, which nobody touches, tries at once: its browser can be told to
// allow it (--autoplay-policy=no-user-gesture-required).

const KEY = "muted";
const NOTES = [
  [659, 0], // Hz, seconds from now
  [523, 0.22],
];
const LENGTH = 0.9; // seconds that a note takes to fade
const LOUDNESS = 0.25;

const button = document.getElementById("sound");
let audio = null;
let red = null; // what was red in the last picture; null before the first one

const muted = () => localStorage.getItem(KEY) === "yes";
const blocked = () => !muted() && audio?.state !== "running";

function show() {
  const state = muted() ? "off" : blocked() ? "blocked" : "on";
  button.dataset.state = state;
  button.setAttribute("aria-pressed", String(!muted()));
  button.lastElementChild.textContent = button.dataset[state];
}

function wake() {
  audio ??= new AudioContext();
  audio.onstatechange = show;
  audio.resume().then(show, show);
  show();
}

export function chime() {
  if (muted() || audio?.state !== "running") return;
  for (const [pitch, after] of NOTES) {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    const start = audio.currentTime + after;
    tone.type = "sine";
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(LOUDNESS, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + LENGTH);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + LENGTH);
  }
}

// What is red now and was not in the last picture, among all figures and lines that have a level.
export function listenForRed(board) {
  const now = new Set();
  for (const one of board.querySelectorAll('.tile[data-level="alarm"], tbody tr[data-level="alarm"]')) now.add(one.id);
  const entered = red !== null && [...now].some((id) => !red.has(id));
  red = now;
  if (entered) chime();
}

button.hidden = false;
button.addEventListener("click", () => {
  // Blocked is no choice of anybody's: the first click lets it sound, and does not mute it.
  if (!blocked()) localStorage.setItem(KEY, muted() ? "no" : "yes");
  if (!muted()) {
    wake();
    audio.resume().then(chime, show);
  }
  show();
});

// A touch anywhere lets it sound; one on the button is the button's own.
function touched(event) {
  if (button.contains(event.target)) return;
  removeEventListener("pointerdown", touched);
  removeEventListener("keydown", touched);
  wake();
}
addEventListener("pointerdown", touched);
addEventListener("keydown", touched);
if ("eager" in button.dataset) wake();
else show();
