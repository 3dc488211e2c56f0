// Starts the program that boot.js has compiled.
const boot = window.hbBoot;

async function bindings() {
  try {
    return await import(boot.js);
  } catch (e) {
    throw boot.fault("E_NET", `${boot.js}: ${e.message}`);
  }
}

async function start() {
  const [module, program] = await Promise.all([boot.module, bindings()]);
  await program.default({ module_or_path: module });
  boot.ready();
}

if (boot && boot.ok) start().catch(boot.failWith);
