// Paints what moves: lists of numbers become strokes on canvases that the page has lent. In a worker
// where the browser lends canvases to workers, so that the page itself has nothing to lay out, to
// paint or to composite for it; else where it stands.
import { FACES } from "./faces.js";

const TAU = 2 * Math.PI;
/** What the numbers say, in the order of `Op` in src/ui/paint/program.rs. */
const OPS = ["fit", "back", "front", "wipe", "ink", "begin", "end", "move", "line", "circle", "arc", "rect", "outline", "text", "erase", "lay"];
const ALIGN = ["start", "center", "end"];
/** So many programs may wait for the worker. */
const WAITING = 12;
/** It says how far it has come after so many. */
const REPORT = 4;
/** A painter that is behind for so many frames has been ended; browsers tell nobody. */
const PATIENCE = 300;

/** A canvas, and what has settled to be laid over it. */
class Sheet {
  constructor(canvas) {
    this.front = canvas.getContext("2d");
    this.pen = this.front;
    this.ratio = 1;
  }

  fit(w, h, ratio) {
    this.ratio = ratio;
    for (const pen of [this.front, this.behind]) {
      if (pen) [pen.canvas.width, pen.canvas.height] = [w, h];
    }
  }

  back() {
    const { width, height } = this.front.canvas;
    if (!this.behind) {
      let canvas;
      if (self.OffscreenCanvas) canvas = new OffscreenCanvas(width, height);
      else [canvas = document.createElement("canvas"), canvas.width = width, canvas.height = height];
      this.behind = canvas.getContext("2d");
    }
    this.pen = this.behind;
  }

  tenths() {
    const r = this.ratio / 10;
    this.pen.setTransform(r, 0, 0, r, 0, 0);
  }

  plain() {
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.globalAlpha = 1;
  }
}

/** Runs programs. */
class Painter {
  sheets = new Map();
  looks = [];
  words = [];
  outlines = [];

  lend(id, canvas) {
    this.sheets.set(id, new Sheet(canvas));
  }

  /** Unless `keep`, the words that are known are forgotten first. Looks: number, look, number, look. */
  run(id, code, keep = true, words = [], passing = [], looks = []) {
    for (let i = 0; i < looks.length; i += 2) this.looks[looks[i]] = looks[i + 1];
    if (!keep) this.words.length = this.outlines.length = 0;
    this.words.push(...words);
    const sheet = this.sheets.get(id);
    if (sheet) this.paint(sheet, code, passing);
  }

  use(pen, look, alpha, many) {
    const { fill, stroke, width, dash, round } = look;
    pen.globalAlpha = alpha;
    if (fill) pen.fillStyle = fill;
    if (!stroke) return;
    pen.strokeStyle = stroke;
    pen.lineWidth = width * many;
    pen.lineCap = round ? "round" : "butt";
    pen.setLineDash(many === 1 ? dash : dash.map((n) => n * many));
  }

  outline(index, passing) {
    if (index < 0) return new Path2D(passing[-1 - index]);
    return (this.outlines[index] ??= new Path2D(this.words[index]));
  }

  paint(sheet, c, passing) {
    let look;
    for (let i = 0; i < c.length; ) {
      const { pen } = sheet;
      switch (OPS[c[i++]]) {
        case "fit":
          sheet.fit(c[i++], c[i++], c[i++]);
          break;
        case "back":
          sheet.back();
          break;
        case "front":
          sheet.pen = sheet.front;
          break;
        case "wipe":
          sheet.plain();
          pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
          break;
        case "ink":
          look = this.looks[c[i++]];
          sheet.tenths();
          this.use(pen, look, c[i++], 10);
          break;
        case "begin":
          pen.beginPath();
          break;
        case "end":
          if (look.fill) pen.fill();
          if (look.stroke) pen.stroke();
          break;
        case "move":
          pen.moveTo(c[i++], c[i++]);
          break;
        case "line":
          pen.lineTo(c[i++], c[i++]);
          break;
        case "circle": {
          const [x, y, r] = [c[i++], c[i++], c[i++]];
          pen.moveTo(x + r, y);
          pen.arc(x, y, r, 0, TAU);
          break;
        }
        case "arc": {
          // From 12 o'clock, which is a quarter before the canvas's first direction.
          const [x, y, r, turn] = [c[i++], c[i++], c[i++], c[i++]];
          pen.moveTo(x, y - r);
          pen.arc(x, y, r, -TAU / 4, turn * TAU - TAU / 4);
          break;
        }
        case "rect":
          pen.roundRect(c[i++], c[i++], c[i++], c[i++], c[i++]);
          break;
        case "outline": {
          // The data of paths is in pixels.
          const at = this.looks[c[i++]];
          this.use(pen, at, c[i++], 1);
          const [path, r] = [this.outline(c[i++], passing), sheet.ratio];
          pen.setTransform(r, 0, 0, r, c[i++] * r / 10, c[i++] * r / 10);
          if (at.fill) pen.fill(path);
          if (at.stroke) pen.stroke(path);
          break;
        }
        case "text": {
          const [text, x, y] = [this.words[c[i++]], c[i++], c[i++]];
          pen.font = `${c[i++]} ${c[i++]}px ${look.font}`;
          pen.textAlign = ALIGN[c[i++]];
          pen.lineJoin = "round";
          if (look.stroke) pen.strokeText(text, x, y);
          pen.lineJoin = "miter";
          if (look.fill) pen.fillText(text, x, y);
          break;
        }
        case "erase":
          sheet.tenths();
          pen.globalCompositeOperation = "destination-out";
          pen.globalAlpha = 1;
          pen.fillStyle = "black";
          pen.beginPath();
          pen.arc(c[i++], c[i++], c[i++], 0, TAU);
          pen.fill();
          pen.globalCompositeOperation = "source-over";
          break;
        case "lay":
          sheet.plain();
          if (sheet.behind) pen.drawImage(sheet.behind.canvas, 0, 0);
          break;
      }
    }
  }
}

/** A painter on the page itself. */
class Here extends Painter {
  broken = false;

  lend(id, canvas) {
    this.attempt(() => super.lend(id, canvas));
  }
  run(...program) {
    this.attempt(() => super.run(...program));
  }
  /** What a browser refuses to paint is left to elements. */
  attempt(act) {
    try {
      act();
    } catch (e) {
      this.broken = true;
      console.debug("the painter stops", e);
    }
  }
  busy() {
    return false;
  }
  lost() {
    return this.broken;
  }
  close() {}
}

/** A painter in a worker. */
class There {
  ahead = 0;
  asked = 0;
  broken = false;

  constructor(worker) {
    this.worker = worker;
    worker.onmessage = () => {
      this.ahead -= REPORT;
      this.asked = 0;
    };
    worker.onerror = (e) => {
      e.preventDefault();
      this.broken = true;
    };
  }
  lend(id, canvas) {
    try {
      const lent = canvas.transferControlToOffscreen();
      this.worker.postMessage([id, lent], [lent]);
    } catch {
      this.broken = true;
    }
  }
  run(id, code, keep, ...lists) {
    this.ahead++;
    // A copy: the numbers lie in the program's memory.
    const own = code.slice();
    const plain = keep && lists.every((list) => !list.length);
    this.worker.postMessage(plain ? [id, own] : [id, own, keep, ...lists], [own.buffer]);
  }
  busy() {
    return this.ahead > WAITING;
  }
  /** It owes an answer, and was often asked for one. */
  lost() {
    if (!this.busy()) this.asked = 0;
    return this.broken || ++this.asked > PATIENCE;
  }
  close() {
    this.worker.terminate();
  }
}

/** A painter that is ready: its letters have come. */
export async function open() {
  if (window.Worker && HTMLCanvasElement.prototype.transferControlToOffscreen) {
    try {
      const worker = window.hbBoot.start("paint.js");
      await new Promise((done, fail) => ([worker.onmessage, worker.onerror] = [done, fail]));
      return new There(worker);
    } catch (e) {
      console.debug("no painter beside the page", e);
    }
  }
  return new Here();
}

async function letters() {
  if (!self.fonts) return;
  await Promise.allSettled(
    FACES.map(([family, weight, file]) => {
      const face = new FontFace(family, `url(${new URL(`fonts/${file}.woff2`, import.meta.url)})`, { weight });
      self.fonts.add(face);
      return face.load();
    })
  );
}

if (self.WorkerGlobalScope && self instanceof WorkerGlobalScope) {
  const painter = new Painter();
  let done = 0;
  self.onmessage = ({ data: [id, what, ...rest] }) => {
    if (!(what instanceof Float32Array)) return painter.lend(id, what);
    painter.run(id, what, ...rest);
    if (++done % REPORT === 0) self.postMessage(0);
  };
  letters().then(() => self.postMessage(0));
}
