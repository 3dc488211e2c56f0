// The twin program and how it is asked: the same in a worker and, where those are refused, between two
// pictures of the page.
let program;

async function fetched() {
  const bindings = await import(new URL("twin.js", import.meta.url).href);
  await bindings.default({ module_or_path: new URL("twin_bg.wasm", import.meta.url) });
  return bindings;
}

export function load() {
  program ??= fetched();
  return program;
}

// What went wrong, in one sentence; a panic of the program is known by the words it left.
export function why(e) {
  const text = String(globalThis.hbPanic || (e && e.message) || e);
  return text.split("\n").filter(Boolean).join(" ");
}

const pause = () =>
  new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(0);
  });

// Searches in slices of so many milliseconds and tells how far it has come, five times a second.
export async function drive(text, tell, { slice, alive = () => true }) {
  const { Hunt } = await load();
  const hunt = new Hunt(text);
  let told = 0;
  while (alive()) {
    const over = hunt.slice(slice);
    const now = performance.now();
    if (over || now - told >= 200) {
      told = now;
      tell(JSON.parse(hunt.news()));
    }
    if (over) break;
    await pause();
  }
  hunt.free();
}

// Reads a log: how far it is, then what was read, part after part, and the end.
async function read({ text, file, parser, delimiter }, tell, { slice, alive = () => true }) {
  const { Reading } = await load();
  const reading = new Reading(text ?? (await file.text()), parser, delimiter);
  let told = 0;
  while (alive() && !reading.slice(slice)) {
    const now = performance.now();
    if (now - told >= 100) {
      told = now;
      tell({ news: JSON.parse(reading.news()) });
    }
    await pause();
  }
  const last = JSON.parse(reading.news());
  if (told || last.doubt.left || last.doubt.empty) tell({ news: last });
  for (let part = reading.part(); alive() && part; part = reading.part()) {
    tell({ part });
    await pause();
  }
  tell({ end: true });
  reading.free();
}

// Reads a log of its own, so that the first one that matters finds everything compiled.
async function warm(parser) {
  const { Reading } = await load();
  const log = Array.from({ length: 300 }, (_, i) => `a {"a":${i + 1}, "b":1}\nsays ${i}\n`).join("");
  const reading = new Reading(`b {"b":1}\nbegins\n${log}`, parser);
  while (!reading.slice(100));
  while (reading.part());
  reading.free();
}

// {id, request} is answered with {id, response}, or with {id, error} in one sentence; {hunt} starts a
// search and {log} the reading of a log, which tell how far they have come until they are over.
export async function serve({ id, request, hunt, log, ready }, tell, how) {
  try {
    if (hunt) await drive(hunt, tell, how);
    else if (ready) await warm(ready);
    else if (log) await read(log, tell, how);
    else tell({ id, response: (await load()).hb_call(request) });
  } catch (e) {
    tell({ id, error: why(e) });
  }
}
