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
  const exports = await program.default({ module_or_path: module });
  boot.memory = exports.memory;
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

// A worker with hb in it. Where the browser refuses one the page itself reads logs, a few milliseconds
// at a time; what cannot be done in parts is refused in a sentence.
class Hand {
  open = true;

  constructor() {
    try {
      this.worker = boot.start("worker.js");
      this.worker.onmessage = (e) => ((this.heard = true), this.tell(e.data));
      this.worker.onerror = (e) => {
        e.preventDefault();
        if (this.heard) this.tell({ error: `the worker stopped: ${e.message || "no reason was given"}` });
        else this.alone();
      };
    } catch {
      this.alone();
    }
  }
  tell(data) {
    if (this.open) this.onmessage?.({ data });
  }
  alone() {
    this.worker?.terminate();
    this.worker = null;
    if (this.asked) this.answer(this.asked);
  }
  postMessage(data) {
    this.asked = data;
    if (this.worker) this.worker.postMessage(data);
    else this.answer(data);
  }
  async answer(data) {
    if (data.ready) return;
    if (!data.log) return this.tell({ id: data.id, error: "this browser refuses the worker that does this" });
    try {
      const { serve } = await import("./drive.js");
      await serve(data, (news) => this.tell(news), { slice: 8, alive: () => this.open });
    } catch (e) {
      this.tell({ error: `a part of the page did not load: ${e.message}` });
    }
  }
  terminate() {
    this.open = false;
    this.worker?.terminate();
  }
}

if (!boot) {
  document.documentElement.dataset.boot = "failed";
  const status = document.getElementById("boot-status");
  if (status) status.textContent = "A part of the page, boot.js, did not load. Check the connection, then load the page again.";
} else if (boot.ok) {
  boot.hunt = hunt;
  boot.hand = () => new Hand();
  start().catch(boot.failWith);
}

// What keeps a reader's work comes with the page, not when it is needed: the connection may be gone.
let film;
let tries = 0;
function fetchFilm() {
  const url = new URL("film.js", document.baseURI);
  // Browsers remember what did not load by its address.
  if (tries++) url.searchParams.set("again", tries);
  film = import(url.href).then((module) => (module.letters(), module));
  film.catch(() => (film = undefined));
  return film;
}
if (boot && boot.ok) fetchFilm().catch(() => {});
window.hbFilm = () => film ?? fetchFilm();

// What paints is fetched when something moves: elements show everything until it has come.
window.hbPaint = async () => (await import(new URL("paint.js", document.baseURI).href)).open();

// The list of scenes stands in the page from the start; the program, which draws it anew, takes the
// small pictures over.
let posters = "";
for (const card of document.querySelectorAll("#boot .scene-card")) {
  posters += `<!-- ${card.hash.slice(1)} -->\n${card.querySelector(".mini").innerHTML}`;
}
window.hbPosters = async () => posters;

// What can be searched for in the whole guide is fetched with the first search.
let search;
window.hbSearch = () => {
  search ??= fetch(new URL("search.txt", document.baseURI)).then((r) => (r.ok ? r.text() : ""));
  search.catch(() => (search = undefined));
  return search;
};
