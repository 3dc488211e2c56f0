// Fetches parts of the program: a scene's when it is opened, the page's when they are first shown. The build writes the names.
import { initSync } from "PROGRAM";

// By scene or part: the files that it takes, those that several share first.
const NEEDS = {};
// What the program exports for its parts.
const SHARED = [];

let linked;
function link() {
  if (!linked) {
    const all = initSync();
    linked = { __wasm_split: Object.fromEntries(SHARED.map((name) => [name, all[name]])) };
  }
  return linked;
}

// Remembers what succeeded: what failed is tried again when it is asked for again.
function once(get) {
  const held = new Map();
  return (key) => {
    if (!held.has(key)) {
      const promise = get(key);
      promise.catch(() => held.delete(key));
      held.set(key, promise);
    }
    return held.get(key);
  };
}

// The response is wrapped, so a server that names the wrong type does no harm.
async function fetched(file) {
  const response = await fetch(new URL(file, import.meta.url), { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${file} answered ${response.status}`);
  if (!WebAssembly.compileStreaming) return WebAssembly.compile(await response.arrayBuffer());
  const headers = { "content-type": "application/wasm" };
  return WebAssembly.compileStreaming(new Response(response.body, { headers }));
}

// A file is one part, or holds several as sections of its own.
const compiled = once(async (file) => {
  const module = await fetched(file);
  const parts = WebAssembly.Module.customSections(module, "part");
  return parts.length ? Promise.all(parts.map((part) => WebAssembly.compile(part))) : [module];
});

const loaded = once(async (file) => {
  for (const module of await compiled(file)) await WebAssembly.instantiate(module, link());
});

// The program calls this, and is called back with whether all has come.
function loader(part) {
  return async (callback, data) => {
    let whole = true;
    try {
      await Promise.all(NEEDS[part].map(loaded));
    } catch (e) {
      console.warn(`${part} could not be fetched: ${(e && e.message) || e}`);
      whole = false;
    }
    link().__wasm_split.__indirect_function_table.get(callback)(data, whole);
  };
}

// What the address asks for need not wait for the program that asks for it.
(NEEDS[location.hash.slice(1)] ?? []).forEach((file) => compiled(file).catch(() => {}));

