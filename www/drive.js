// The twin program and how a search in it is driven: the same in a worker and, where those are
// refused, between two pictures of the page.
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
