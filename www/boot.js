// Runs first, in any browser, so it keeps to old syntax: fetches and compiles the program with
// visible progress, and says in plain words what happened when it cannot run.
(function () {
  "use strict";

  var tag = document.querySelector("script[data-wasm]");
  var failed = false;

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
      "This is a defect in the page; the run is still in the address.",
      "Copy the address, then load the page again. If it stops again, please report the line below."
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

  // The program stopped by itself. fragment is the part of the address that leads back to the run.
  function panic(message, fragment) {
    if (failed) return;
    failed = true;
    document.documentElement.setAttribute("data-boot", "failed");
    var link = location.href.replace(/#.*$/, "") + (fragment || location.hash);
    var report = message + "\n" + link + "\n" + navigator.userAgent;
    show("E_PANIC", message);
    var panel = document.querySelector(".fault");
    panel.className += " fault-panic";
    panel.removeChild(panel.querySelector("button"));
    var again = add(panel, "a", "The link that leads back to this run");
    again.href = link;
    function button(text, act) {
      add(panel, "button", text).onclick = act;
    }
    button("Open this run again", function () {
      location.hash = fragment || location.hash;
      location.reload();
    });
    button("Start from the list of scenes", function () {
      location.hash = "";
      location.reload();
    });
    button("Copy the report", function () {
      if (navigator.clipboard) navigator.clipboard.writeText(report);
      else window.prompt("The report", report);
    });
  }

  // Only the first fault is shown; later ones follow from it.
  function fail(code, detail) {
    if (failed) return;
    failed = true;
    if (!FAULTS[code]) code = "E_START";
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

  var boot = (window.hbBoot = {
    /** False when the page cannot run here at all. */
    ok: false,
    /** Address of the program's JavaScript half. */
    js: null,
    /** Promise of the compiled WebAssembly.Module, shared by page and workers. */
    module: null,
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
    /** Promise of a new Worker that answers {id, request} with {id, response} or {id, error}. */
    worker: function () {
      return boot.module.then(function (module) {
        var worker = new Worker(new URL("worker.js", tag.src).href, { type: "module" });
        worker.postMessage({ js: boot.js, module: module });
        return worker;
      });
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
    },
    true
  );

  boot.ok = true;
  boot.js = new URL(tag.getAttribute("data-js"), document.baseURI).href;
  boot.module = compile(new URL(tag.getAttribute("data-wasm"), document.baseURI).href);
  boot.module.catch(failWith);
})();
