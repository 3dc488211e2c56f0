// Does one thing after another in the page, as a seed decides: what a hand, a keyboard, the browser's
// own buttons and addresses can do. Says what it did last, and what went wrong.
(() => {
  let state = SEED >>> 0;
  // mulberry32
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(random() * n);
  const one = (list) => list[below(list.length)];
  const chance = (share) => random() < share;

  // Nothing leaves the page: other sites, files, choosers of files.
  HTMLAnchorElement.prototype.click = function () {
    if (!this.download) this.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  };
  addEventListener(
    "click",
    (e) => {
      const away = e.target.closest?.("a[href], input[type=file]");
      if (away && !(away.getAttribute("href") ?? "").startsWith("#")) e.preventDefault();
    },
    true
  );

  const log = [];
  const addresses = ["", "#import", "#board", "#s=1abc", "#nothing", "#s=", "#import/%28/x"];
  const scenes = SCENES;
  const keys = [
    " ", ".", ".", ",", "[", "]", "]", "?", "/", "u", "n", "N", "c", "c", "r", "r", "p", "s", "k", "d", "x", "Enter", "Escape",
    "PageDown", "PageUp", "Home", "End", "Tab", "Delete", "Backspace", "+", "-", "a", "A", "b",
    "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight",
  ];
  const texts = ["", "0", "1", "3", "-1", "7.5", "100", "x", "5ms", "200ms", "1.2s", "next leader change", "S1", "漢字", "<b>", "9".repeat(30)];

  const times = ["", "x", "5ms", "200ms", "1.2s", "-3ms"];

  const name = (e) => (e ? e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.dataset?.target ? `[${e.dataset.target}]` : "") : "nothing");
  const point = () => [below(innerWidth + 40) - 20, below(innerHeight + 40) - 20];
  const held = () => ({ shiftKey: chance(0.2), altKey: chance(0.1), ctrlKey: chance(0.1) });

  const fire = (target, kind, make, more) => target.dispatchEvent(new make(kind, { bubbles: true, cancelable: true, composed: true, ...more }));
  const at = ([x, y]) => document.elementFromPoint(x, y) || document.body;
  let captured = null;
  const pointer = (kind, place, more) => {
    const target = captured || at(place);
    fire(target, kind, PointerEvent, {
      pointerId: 1, pointerType: more.touch ? "touch" : "mouse", isPrimary: true, button: more.button || 0,
      buttons: kind === "pointerup" ? 0 : 1, clientX: place[0], clientY: place[1], ...more,
    });
    return target;
  };
  // Synthetic pointers cannot be captured, so what was pressed hears the rest, as the page wants it.
  const stroke = (from, moves, more) => {
    const pressed = pointer("pointerdown", from, more);
    captured = pressed;
    for (const to of moves) pointer("pointermove", to, more);
    pointer(chance(0.05) ? "pointercancel" : "pointerup", moves.at(-1) || from, more);
    captured = null;
    if (!moves.length) fire(pressed, "click", MouseEvent, { clientX: from[0], clientY: from[1], ...more });
    return pressed;
  };

  const controls = () => [...document.querySelectorAll("button, a[href^='#'], summary, select, input, textarea, [data-node], [data-target]")].filter((e) => !e.disabled);
  const put = (e, value) => {
    e.value = value;
    fire(e, "input", InputEvent, {});
    fire(e, "change", Event, {});
  };

  const acts = {
    control() {
      const e = one(controls());
      if (!e || e.matches("#gif, #webm")) return "nothing";
      if (e.matches("select")) {
        e.selectedIndex = below(e.options.length);
        fire(e, "change", Event, {});
      } else if (e.matches("[type=range]")) put(e, Number(e.min || 0) + random() * (Number(e.max || 100) - Number(e.min || 0)));
      else if (e.matches("input:not([type=checkbox], [type=file]), textarea")) {
        // Times of a microsecond make runs of millions of steps: what those cost is tested elsewhere.
        const text = one(/\d ?(µs|us|ms|s)$/.test(e.value) ? times : texts);
        e.focus();
        put(e, text);
        if (chance(0.5)) fire(e, "keydown", KeyboardEvent, { key: "Enter" });
        return `${name(e)} = ${text}`;
      } else if (e instanceof SVGElement) {
        const r = e.getBoundingClientRect();
        stroke([r.x + r.width / 2, r.y + r.height / 2], [], held());
      } else {
        e.focus();
        e.click();
        if (chance(0.15)) e.isConnected && e.click();
      }
      return name(e);
    },
    press() {
      const p = point();
      return `${p} ${name(stroke(p, [], { ...held(), touch: chance(0.3) }))}`;
    },
    twice() {
      const p = point();
      const e = stroke(p, [], {});
      if (chance(0.7)) stroke(p, [], {});
      fire(e, "dblclick", MouseEvent, { clientX: p[0], clientY: p[1] });
      return `${p} ${name(e)}`;
    },
    drag() {
      const from = point();
      const moves = Array.from({ length: 1 + below(8) }, point);
      return `${from} to ${moves.at(-1)}, ${name(stroke(from, moves, { ...held(), touch: chance(0.3) }))}`;
    },
    wheel() {
      const p = point();
      for (let n = 1 + below(chance(0.1) ? 90 : 6), by = one([-120, 120, 3, -1e6]); n > 0; n--) {
        fire(at(p), "wheel", WheelEvent, { clientX: p[0], clientY: p[1], deltaY: by, deltaX: one([0, 0, 50]), ctrlKey: chance(0.6), shiftKey: chance(0.3) });
      }
      return String(p);
    },
    key() {
      const key = one(keys);
      const node = chance(0.5) && one([...document.querySelectorAll("[data-node]")]);
      if (node) node.focus();
      const more = { key, ...held() };
      if (chance(0.15)) Object.assign(more, { key: one(["z", "y", "k", "Z"]), ctrlKey: true, altKey: false });
      const target = document.activeElement || document.body;
      fire(target, "keydown", KeyboardEvent, more);
      fire(target, "keyup", KeyboardEvent, more);
      return `${more.ctrlKey ? "Control+" : ""}${more.key} on ${name(target)}`;
    },
    history() {
      const by = one([-1, -1, 1, -2]);
      // Not out of the page.
      const to = navigation.entries()[navigation.currentEntry.index + by];
      if (!to || new URL(to.url).pathname !== location.pathname) return "nowhere";
      history.go(by);
      return String(by);
    },
    address() {
      if (location.hash.startsWith("#s=") && addresses.length < 40) addresses.push(location.hash);
      let to = chance(0.5) ? `#${one(scenes)}` : one(addresses);
      if (chance(0.1)) to = to.slice(0, -1 - below(4));
      location.hash = to;
      // Right away, while sizes are 0.
      if (chance(0.7)) stroke(point(), chance(0.5) ? [point(), point()] : [], {});
      return to.slice(0, 60);
    },
    focus() {
      const e = one(controls());
      e?.focus();
      return name(e);
    },
    home() {
      location.hash = `#${scenes[0]}`;
      return scenes[0];
    },
  };
  // Most of what happens happens within a scene.
  const weights = { control: 30, press: 14, twice: 5, drag: 14, wheel: 6, key: 20, history: 2, address: 1, focus: 4, home: 1 };
  const pool = Object.entries(weights).flatMap(([kind, n]) => Array(n).fill(kind));

  // Where the program has stopped there are no frames and timers any more.
  const stopped = new Promise((done) => {
    const root = document.documentElement;
    new MutationObserver(() => root.dataset.boot === "ready" || done()).observe(root, { attributes: true });
  });
  const wait = (ms) => Promise.race([stopped, new Promise((done) => setTimeout(done, ms))]);
  const frame = () => Promise.race([wait(100), new Promise((done) => requestAnimationFrame(done))]);
  const wrong = () => {
    const panel = document.querySelector(".fault, .fault-panic");
    const boot = document.documentElement.dataset.boot;
    return [...(window.__errors || []), ...(panel ? [panel.innerText] : []), ...(boot === "ready" ? [] : [`boot is ${boot}`])];
  };

  window.monkey = async (count) => {
    for (let n = 0; n < count; n++) {
      const kind = one(pool);
      let what = "";
      try {
        what = acts[kind]();
      } catch (e) {
        what = `the monkey itself: ${e.stack}`;
        window.__errors.push(what);
      }
      log.push(`${kind} ${what}`);
      if (log.length > 25) log.shift();
      if (chance(0.6)) await frame();
      if (chance(0.05)) await wait(below(150));
      const found = wrong();
      if (found.length) return { done: n + 1, wrong: found, log, hash: location.hash };
    }
    return { done: count, wrong: [], log: [], hash: location.hash };
  };
})();
