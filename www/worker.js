// The same program off the main thread. First message: {js, module}, the address of the program's
// JavaScript half and the compiled WebAssembly.Module. Then {id, request} is answered with
// {id, response}, or with {id, error} in one sentence. hb_call computes; nothing is drawn here.
let source;
let program;

async function start({ js, module }) {
  const bindings = await import(js);
  await bindings.default({ module_or_path: module });
  return bindings;
}

async function answer(request) {
  if (!program) throw new Error("The worker was asked before it was given its program.");
  const { hb_call } = await program;
  if (!hb_call) throw new Error("This build of the page exports no hb_call.");
  return hb_call(request);
}

onmessage = async ({ data }) => {
  if (data.module) {
    source = data;
    program = start(source);
    program.catch(() => {}); // Reported with the first request.
    return;
  }
  const { id, request } = data;
  try {
    postMessage({ id, response: await answer(request) });
  } catch (e) {
    postMessage({ id, error: String((e && e.message) || e) });
  }
};
