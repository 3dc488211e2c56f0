// hb off the main thread: {id, request} is answered with {id, response}, or with {id, error} in one
// sentence. The program is fetched with the first request. Nothing is drawn here.
let program;

async function load() {
  const bindings = await import(new URL("twin.js", import.meta.url).href);
  await bindings.default({ module_or_path: new URL("twin_bg.wasm", import.meta.url) });
  return bindings;
}

onmessage = async ({ data: { id, request } }) => {
  try {
    program ??= load();
    postMessage({ id, response: (await program).hb_call(request) });
  } catch (e) {
    postMessage({ id, error: String((e && e.message) || e) });
  }
};
