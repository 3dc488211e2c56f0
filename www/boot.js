// Runs first, in any browser, so it keeps to old syntax: fetches and compiles the program with
// visible progress, and says in plain words what happened when it cannot run.
(function () {
  "use strict";

  var tag = document.querySelector("script[data-wasm]");
  var failed = false;
  // Who opens a scene need not see the list of all.
  if (location.hash.length > 1) document.documentElement.setAttribute("data-place", "scene");

  // code: [what happened, why, what to do]
  var FAULTS = {
    E_FILE: [
      "This page was opened as a file.",
      "Browsers do not load WebAssembly from file:// addresses.",
      "Serve the folder instead: run “cargo xtask open” in the project, or “python3 -m http.server” in this folder, and open the address that it prints."
    ],
    E_OLD_BROWSER: [
      "This browser is too old for this page.",
      "It lacks WebAssembly or JavaScript modules.",
      "Any Chrome, Edge, Firefox or Safari released since 2023 opens it."
    ],
    E_WASM_DISABLED: [
      "WebAssembly is switched off in this browser.",
      "A setting, a policy or a protected mode (Lockdown Mode, enhanced security) turns it off.",
      "Allow it for this site in the browser's settings, or open the page in another browser."
    ],
    E_CSP: [
      "The site that serves this page forbids WebAssembly.",
      "Its Content-Security-Policy does not allow programs of this kind.",
      "Whoever runs the site can add 'wasm-unsafe-eval' to script-src in that policy."
    ],
    E_404: [
      "A part of the page is missing on the server.",
      "The server has no such file, or sent another page in its place.",
      "Reload: the site may just have been updated. Whoever runs the site should upload the whole dist folder."
    ],
    E_NET: [
      "The connection broke while the page was loading.",
      "A file did not arrive.",
      "Check the connection, then load the page again."
    ],
    E_FRAME: [
      "This page is in a frame that is kept apart from its own site.",
      "A frame with “sandbox” and without “allow-same-origin” counts as another site, and the server does not let other sites read this page's files.",
      "Open the page in a window of its own. Whoever runs the server can let it send “Access-Control-Allow-Origin: *”; whoever embeds the page can add “allow-same-origin” to the frame."
    ],
    E_PROGRAM: [
      "The program of this page could not be read.",
      "The file is damaged, or this browser does not know some of its instructions.",
      "Reload; if that does not help, update the browser or use another one."
    ],
    E_START: [
      "The page stopped while starting.",
      "This is a defect in the page, not in your browser.",
      "Load the page again without the part of the address after “#”. If it stops again, please report the line below."
    ],
    E_PANIC: [
      "The page stopped.",
      "This is a defect in the page; the run is kept in its link.",
      "Go on from here starts the page anew at this very moment. If it stops again, please report the line below."
    ],
    E_MEMORY: [
      "The page ran out of memory.",
      "A page may only have so much of it; the run is kept in its link.",
      "Go on from here starts the page anew at this very moment, with its memory free. If it stops again, open fewer steps of this run, or start from the list of scenes."
    ]
  };

  function fault(code, detail) {
    var e = new Error(detail || "");
    e.fault = code;
    return e;
  }

  function add(parent, name, text, cls) {
    var e = document.createElement(name);
    e.textContent = text;
    if (cls) e.className = cls;
    parent.appendChild(e);
    return e;
  }

  function show(code, detail) {
    var words = FAULTS[code];
    var boot = document.getElementById("boot");
    var waiting = document.getElementById("boot-waiting");
    if (waiting) waiting.parentNode.removeChild(waiting);
    var panel = document.createElement("section");
    panel.className = "fault";
    panel.setAttribute("role", "alert");
    panel.setAttribute("data-code", code);
    add(panel, "h2", words[0]);
    add(panel, "p", words[1]);
    add(panel, "p", words[2]);
    if (detail) add(panel, "p", code + ": " + detail, "fault-detail");
    if (code !== "E_FILE" && code !== "E_OLD_BROWSER") {
      add(panel, "button", "Load again").onclick = function () {
        location.reload();
      };
    }
    (boot || document.body).appendChild(panel);
  }

  // --- The program stopped by itself ---
  // From then on it must not be called: what it holds is half changed, and it may have no memory.
  // So all of this works without it.

  var EVENTS = "pointerdown pointermove pointerup pointercancel mousedown mouseup click dblclick auxclick contextmenu wheel keydown keyup input change focusin focusout paste dragover drop resize popstate visibilitychange".split(" ");
  var panel = null;

  function swallow(e) {
    if (panel && e.target && e.target.nodeType && panel.contains(e.target)) return;
    e.stopImmediatePropagation();
  }

  // Nothing reaches the program any more: no events, frames or timers.
  function unplug() {
    var i;
    for (i = 0; i < EVENTS.length; i++) addEventListener(EVENTS[i], swallow, true);
    for (i = setTimeout(String, 0); i > 0; i--) clearTimeout(i);
    for (i = requestAnimationFrame(String); i > 0; i--) cancelAnimationFrame(i);
    var page = document.getElementById("app");
    if (page) page.setAttribute("inert", "");
  }

  // Loads the page again at a part of its address.
  function again(fragment) {
    try {
      history.replaceState(null, "", fragment || location.pathname + location.search);
    } catch (e) {
      location.hash = fragment;
    }
    location.reload();
  }

  function report(text) {
    var field = add(panel, "textarea", text);
    field.readOnly = true;
    field.setAttribute("aria-label", "The report");
    field.select();
  }

  // fragment is the part of the address that leads back to the run, if the caller knows better.
  function panic(message, fragment, code) {
    if (failed) return;
    failed = true;
    document.documentElement.setAttribute("data-boot", "failed");
    unplug();
    fragment = fragment || boot.link || location.hash;
    var link = location.href.replace(/#.*$/, "") + fragment;
    var text = message + "\n" + link + "\n" + navigator.userAgent;
    show(code || "E_PANIC", message);
    panel = document.querySelector(".fault");
    panel.className += " fault-panic";
    panel.removeChild(panel.querySelector("button"));
    var back = add(panel, "a", "The link that leads back to this run");
    back.href = link;
    back.onclick = function (e) {
      if (e.button || e.ctrlKey || e.metaKey || e.shiftKey) return;
      e.preventDefault();
      again(fragment);
    };
    function button(name, act) {
      var e = add(panel, "button", name);
      e.onclick = act;
      return e;
    }
    var first = button("Go on from here", function () {
      again(fragment);
    });
    button("Start from the list of scenes", function () {
      again("");
    });
    button("Copy the report", function () {
      if (!navigator.clipboard) return report(text);
      navigator.clipboard.writeText(text).catch(function () {
        report(text);
      });
    });
    first.focus();
  }

  // Did the program itself end so? Its stack runs through wasm; a trap without words of a panic is
  // mostly an allocation that the browser refused.
  function stopped(e, uncaught) {
    var inside = /wasm-function/.test(String(e.stack));
    var trap = e instanceof WebAssembly.RuntimeError;
    if (!trap && !(inside && (uncaught || e instanceof RangeError || e.name === "InternalError"))) return;
    var used = boot.memory ? Math.round(boot.memory.buffer.byteLength / 1048576) : 0;
    var memory = trap && /unreachable/.test(e.message);
    panic(e.name + ": " + e.message + (used ? ", with " + used + " MB in use" : ""), "", memory ? "E_MEMORY" : "E_PANIC");
  }

  // Only the first fault is shown; later ones follow from it.
  function fail(code, detail) {
    if (failed) return;
    failed = true;
    if (!FAULTS[code]) code = "E_START";
    // Is the server there, and only not for this frame?
    if (code === "E_NET" && apart()) {
      fetch(tag.src, { mode: "no-cors", cache: "no-store" }).then(
        function () {
          say("E_FRAME", detail);
        },
        function () {
          say(code, detail);
        }
      );
    } else {
      say(code, detail);
    }
  }

  // In a frame that counts as another site?
  function apart() {
    return window.origin === "null" && location.protocol !== "file:";
  }

  function say(code, detail) {
    document.documentElement.setAttribute("data-boot", "failed");
    if (document.readyState === "loading") {
      document.addEventListener("DOMContentLoaded", function () {
        show(code, detail);
      });
    } else {
      show(code, detail);
    }
  }

  // Which fault an exception stands for.
  function failWith(e) {
    var text = String((e && e.message) || e);
    if (e && e.fault) fail(e.fault, text);
    else if (/Content.Security.Policy|unsafe-eval|blocked by CSP/i.test(text)) fail("E_CSP", text);
    else if (e && e.name === "CompileError") fail("E_PROGRAM", text);
    else if (e && (e.name === "NetworkError" || e.name === "AbortError")) fail("E_NET", text);
    else fail("E_START", text);
  }

  function kilobytes(n) {
    return Math.round(n / 1000);
  }

  function progress(got, total) {
    var bar = document.getElementById("boot-progress");
    var status = document.getElementById("boot-status");
    if (!bar || !status) return;
    if (total) {
      bar.max = total;
      bar.value = Math.min(got, total);
    }
    status.textContent = total
      ? "Loading, " + kilobytes(Math.min(got, total)) + " of " + kilobytes(total) + " kB."
      : "Loading, " + kilobytes(got) + " kB so far.";
  }

  // Content-Length counts compressed bytes, so the size written at build time is preferred.
  function sizeOf(response) {
    var known = Number(tag.getAttribute("data-size"));
    if (known) return known;
    if (response.headers.get("content-encoding")) return 0;
    return Number(response.headers.get("content-length")) || 0;
  }

  // The response is wrapped, so a server that names the wrong type does no harm.
  function compileResponse(response) {
    var got = 0;
    var total = sizeOf(response);
    if (!window.TransformStream || !response.body || !response.body.pipeThrough || !WebAssembly.compileStreaming) {
      return response.arrayBuffer().then(function (bytes) {
        progress(bytes.byteLength, bytes.byteLength);
        return WebAssembly.compile(bytes);
      });
    }
    var counted = response.body.pipeThrough(
      new TransformStream({
        transform: function (chunk, out) {
          got += chunk.byteLength;
          progress(got, total);
          out.enqueue(chunk);
        }
      })
    );
    return WebAssembly.compileStreaming(new Response(counted, { headers: { "content-type": "application/wasm" } }));
  }

  function compile(url) {
    return fetch(url, { credentials: "same-origin" }).then(
      function (response) {
        var type = response.headers.get("content-type") || "";
        if (!response.ok) throw fault("E_404", url + " answered " + response.status + " " + response.statusText);
        if (/text\/html/.test(type)) throw fault("E_404", url + " answered with a page of HTML");
        return compileResponse(response);
      },
      function (e) {
        throw fault("E_NET", url + ": " + ((e && e.message) || e));
      }
    );
  }

  var policy = null;
  var home = "";
  function own(url) {
    if (url.indexOf(home) !== 0) throw new TypeError(url + " is no script of this page");
    return url;
  }

  var boot = (window.hbBoot = {
    /** False when the page cannot run here at all. */
    ok: false,
    /** Address of the program's JavaScript half. */
    js: null,
    /** Promise of the compiled WebAssembly.Module, shared by page and workers. */
    module: null,
    /** The part of the address that leads back to the run, as the program last said. */
    link: "",
    /** The program's memory. */
    memory: null,
    fault: fault,
    fail: fail,
    failWith: failWith,
    panic: panic,
    /** Called once the program runs. */
    ready: function () {
      if (failed) return;
      document.documentElement.setAttribute("data-boot", "ready");
      var left = document.getElementById("boot");
      if (left) left.parentNode.removeChild(left);
      dispatchEvent(new Event("hb-ready"));
    },
    /** A new Worker of one of this page's scripts; throws where the browser refuses. */
    start: function (name) {
      var url = own(new URL(name, tag.src).href);
      return new Worker(policy ? policy.createScriptURL(url) : url, { type: "module" });
    },
    /** Promise of a new Worker that answers {id, request} with {id, response} or {id, error}. */
    worker: function () {
      return Promise.resolve(boot.start("worker.js"));
    }
  });

  if (location.protocol === "file:") return fail("E_FILE");
  if (!window.Promise || !window.fetch || !window.URL || !("noModule" in HTMLScriptElement.prototype)) {
    return fail("E_OLD_BROWSER");
  }
  if (typeof WebAssembly !== "object" || !WebAssembly.compile) return fail("E_WASM_DISABLED");

  addEventListener(
    "error",
    function (e) {
      var at = e.target;
      if (at && at.tagName === "SCRIPT") fail("E_NET", at.src + " did not load");
      else if (e.error) stopped(e.error, true);
    },
    true
  );
  addEventListener("unhandledrejection", function (e) {
    if (e.reason) stopped(e.reason, false);
  });
  // Another run: until the program has said so, its address is in the bar. Without a program only
  // loading leads there.
  addEventListener(
    "hashchange",
    function (e) {
      boot.link = "";
      if (!panel) return;
      e.stopImmediatePropagation();
      location.reload();
    },
    true
  );

  // Hosts may want the addresses of scripts to pass a policy; only this page's own do.
  home = new URL(".", tag.src).href;
  try {
    policy = window.trustedTypes && trustedTypes.createPolicy("happened-before", { createScriptURL: own });
  } catch (e) {
    // Its name is not on the host's list: workers are refused then, and the page does without.
  }

  boot.ok = true;
  boot.js = new URL(tag.getAttribute("data-js"), document.baseURI).href;
  boot.module = compile(new URL(tag.getAttribute("data-wasm"), document.baseURI).href);
  boot.module.catch(failWith);
})();
