// Searches beside the page: as many workers as there are processors but one, at least one; each
// takes every n-th seed, the first also every interleaving where one worker must do both.
// Where the browser refuses workers the page searches itself, 8 ms at a time.
import { drive, why } from "./drive.js";

// Every interleaving is searched so long, even after a fault schedule has found something: what
// that finds is shorter.
const GRACE_MS = 6000;

// Workers tell of themselves five times a second, once they have the program. One that says nothing
// for so long was ended by the browser, which tells nobody, or is stuck.
const SILENCE_MS = 30_000;
const FETCH_MS = 90_000;

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

  const last = asks.map(() => ({ at: began, heard: false }));
  const silent = (i) => performance.now() - last[i].at > (last[i].heard ? SILENCE_MS : FETCH_MS);
  const ended = new Set();
  const end = (i) => {
    ended.add(i);
    workers[i].terminate();
  };
  let tick = began;
  const watch = setInterval(() => {
    const slept = performance.now() - tick > 5_000;
    tick = performance.now();
    // A machine that slept has heard nobody.
    if (alone || document.hidden || slept) return last.forEach((l) => (l.at = tick));
    if (workers.some((_, i) => !ended.has(i) && news[i].phase !== "over" && silent(i))) {
      fail("a worker says nothing any more; the browser has ended it, or it is stuck. Start the search again");
    }
  }, 1_000);

  const stop = () => {
    open = false;
    clearInterval(watch);
    for (const worker of workers) worker.terminate();
  };
  const fail = (sentence) => {
    if (!open) return;
    stop();
    tell({ ...sum(news, began), phase: "failed", error: sentence });
  };
  const hear = (i, one) => {
    if (!open) return;
    last[i] = { at: performance.now(), heard: true };
    if (one.error) return fail(one.error);
    news[i] = one;
    // Whoever has found something makes it small; the others need not go on.
    const finder = news.findIndex((n) => n.found || n.phase === "shrinking");
    const waits = finder > 0 && asks[0].way === "check" && news[0].phase === "searching" && performance.now() - began < GRACE_MS;
    if (finder >= 0) {
      workers.forEach((_, k) => k !== finder && !(waits && k === 0) && end(k));
    }
    const total = { ...sum(news, began), alone };
    if (waits) Object.assign(total, { phase: "shrinking", found: null });
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
      const worker = window.hbBoot.start("worker.js");
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
