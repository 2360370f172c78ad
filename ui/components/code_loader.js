// Loads the code of all components once a page; their stubs wait for it under `data.name`.
async function load([name, source]) {
  const text = `${source}\n//# sourceURL=gan-laboratory/${name}.js`;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const module = await import(url);
  URL.revokeObjectURL(url);
  return [name, module.default];
}

function style(css) {
  const element = document.createElement("style");
  element.id = "gan-laboratory";
  element.textContent = css;
  document.getElementById(element.id)?.remove(); // of a server that has been restarted since
  document.head.appendChild(element);
}

export default function ({ data }) {
  const code = (window[data.name] ??= Promise.withResolvers());
  if (code.loading) return;
  code.loading = true;
  style(data.css);
  Promise.all(Object.entries(data.modules).map(load)).then(
    (modules) => code.resolve(Object.fromEntries(modules)),
    code.reject,
  );
}
