// Whatever goes wrong in the page, in any browser: console.error and console.warn, errors (of
// elements too), unhandled rejections, violations of the Content-Security-Policy.
(() => {
  const list = (window.__errors = []);
  const note = (kind, text) => list.push(`${kind}: ${text}`);
  for (const kind of ["error", "warn"]) {
    const own = console[kind];
    console[kind] = (...args) => {
      note(kind, args.map(String).join(" "));
      own.apply(console, args);
    };
  }
  addEventListener(
    "error",
    (e) => note("error", e.message || `${e.target.tagName} ${e.target.src || e.target.href} did not load`),
    true
  );
  addEventListener("unhandledrejection", (e) => note("rejection", String(e.reason)));
  document.addEventListener("securitypolicyviolation", (e) => note("csp", `${e.violatedDirective} ${e.blockedURI}`));
})();
