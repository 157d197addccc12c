// Spans that run on by themselves between two pictures, by the server's clock.

export function duration(total) {
  const whole = Math.max(0, Math.floor(total));
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export class Clock {
  #moment = Date.now() / 1000; // the server's clock, seconds since the epoch, when ...
  #seen = performance.now(); // ... this page's own clock said this

  set(moment) {
    if (!moment) return;
    this.#moment = moment;
    this.#seen = performance.now();
  }

  now() {
    return this.#moment + (performance.now() - this.#seen) / 1000;
  }

  // What is since a moment, up to another, or until one.
  paint(within) {
    const now = this.now();
    for (const span of within.querySelectorAll("[data-since]")) {
      show(span, duration(Number(span.dataset.stop ?? now) - span.dataset.since));
    }
    for (const span of within.querySelectorAll("[data-until]")) {
      const left = span.dataset.until - now;
      show(span, duration(Math.max(0, Math.ceil(left))));
      span.dataset.level = left < 10 ? "alarm" : "ok";
    }
  }
}

function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
