// Searches beside the page: as many workers as there are processors but one, at least one; each
// takes every so-manieth seed, the first also every interleaving where one worker must do both.
// Where the browser refuses workers the page searches itself, 8 ms at a time.
import { drive, why } from "./drive.js";

// What each worker is asked: with several, the first searches interleavings and the rest draw
// fault schedules.
function shares(ask, workers) {
  if (ask.way === "check" || ask.challenge) return [ask];
  if (ask.way === "fuzz" || workers === 1) {
    return Array.from({ length: workers }, (_, i) => ({ ...ask, first: i, stride: workers }));
  }
  const storms = Array.from({ length: workers - 1 }, (_, i) => {
    return { ...ask, way: "fuzz", first: i, stride: workers - 1 };
  });
  return [{ ...ask, way: "check" }, ...storms];
}

// The news of all, as of one.
function sum(all, began) {
  const first = all.find((n) => n.states > 0) || all[0];
  const total = { ...first, found: null, error: null, workers: all.length };
  for (const key of ["runs", "steps", "unrecovered", "states"]) {
    total[key] = all.reduce((n, one) => n + (one[key] || 0), 0);
  }
  const seeds = all.map((n) => n.unrecovered_seed).filter((s) => s != null);
  total.unrecovered_seed = seeds.length ? Math.min(...seeds) : null;
  const finder = all.find((n) => n.found || n.phase === "shrinking");
  if (finder) Object.assign(total, { phase: finder.phase, found: finder.found });
  else total.phase = all.every((n) => n.phase === "over") ? "over" : "searching";
  total.seconds = (performance.now() - began) / 1000;
  return total;
}

// Starts a search and tells of it until it is over or stopped; gives the function that stops it.
export function hunt(text, tell) {
  const ask = JSON.parse(text);
  const began = performance.now();
  const asks = shares(ask, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
  const news = asks.map(() => ({ phase: "searching", states: 0 }));
  const workers = [];
  let open = true;
  let alone = false;

  const stop = () => {
    open = false;
    for (const worker of workers) worker.terminate();
  };
  const fail = (sentence) => {
    if (!open) return;
    stop();
    tell({ ...sum(news, began), phase: "failed", error: sentence });
  };
  const hear = (i, one) => {
    if (!open) return;
    if (one.error) return fail(one.error);
    news[i] = one;
    // Whoever has found something makes it small; the others need not go on.
    if (one.phase === "shrinking" || one.found) {
      workers.forEach((worker, k) => k !== i && worker.terminate());
    }
    const total = { ...sum(news, began), alone };
    if (total.phase === "over") stop();
    tell(total);
  };
  // The page itself, in small slices.
  const fallback = () => {
    if (alone || !open) return;
    alone = true;
    for (const worker of workers) worker.terminate();
    const whole = { ...ask, first: 0, stride: 1 };
    news.splice(0, news.length, { phase: "searching", states: 0 });
    drive(JSON.stringify(whole), (one) => hear(0, one), { slice: 8, alive: () => open }).catch((e) => fail(why(e)));
  };

  try {
    asks.forEach((one, i) => {
      const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
      workers.push(worker);
      let heard = false;
      worker.onmessage = (e) => {
        heard = true;
        hear(i, e.data);
      };
      // Before its first word: the browser would not start it.
      worker.onerror = (e) => {
        e.preventDefault();
        if (heard) fail(`A worker stopped: ${e.message || "no reason was given"}`);
        else fallback();
      };
      worker.postMessage({ hunt: JSON.stringify(one) });
    });
  } catch {
    fallback();
  }
  return stop;
}
