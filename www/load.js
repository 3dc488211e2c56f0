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

if (!boot) {
  document.documentElement.dataset.boot = "failed";
  const status = document.getElementById("boot-status");
  if (status) status.textContent = "A part of the page, boot.js, did not load. Check the connection, then load the page again.";
} else if (boot.ok) {
  start().catch(boot.failWith);
}

// What only an export needs is fetched then.
window.hbFilm = () => import(new URL("film.js", document.baseURI).href);
