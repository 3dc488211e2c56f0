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

// Starts a search beside the page; gives the function that stops it.
function hunt(text, tell) {
  let stop = () => (stop = null);
  import("./hunt.js").then(
    (module) => stop && (stop = module.hunt(text, tell)),
    (e) => tell({ phase: "failed", error: `A part of the page, hunt.js, did not load: ${e.message}` })
  );
  return () => stop && stop();
}

if (!boot) {
  document.documentElement.dataset.boot = "failed";
  const status = document.getElementById("boot-status");
  if (status) status.textContent = "A part of the page, boot.js, did not load. Check the connection, then load the page again.";
} else if (boot.ok) {
  boot.hunt = hunt;
  start().catch(boot.failWith);
}

// What only an export needs is fetched then.
window.hbFilm = () => import(new URL("film.js", document.baseURI).href);

// So is what paints: elements show everything until it has come.
window.hbPaint = async () => (await import(new URL("paint.js", document.baseURI).href)).open();

// The list of scenes has a small picture of each, kept in one file.
window.hbPosters = async () => {
  const response = await fetch(new URL("posters.txt", document.baseURI));
  return response.ok ? response.text() : "";
};
