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

const LOST = [
  ["Connection error", "The laboratory does not answer"],
  [
    "Streamlit",
    "Its server was stopped, or the network is lost. What was trained is saved. The page goes on by itself when the server is back; on your own machine, start it with make run.",
  ],
];

// Streamlit's dialog asks about the internet; most of our servers run on the reader's own machine.
function explainLoss() {
  const dialog = document.querySelector("[role='dialog']");
  if (!dialog?.textContent.includes(LOST[0][0])) return;
  const texts = document.createTreeWalker(dialog, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const found = LOST.find(([theirs]) => texts.currentNode.nodeValue.includes(theirs));
    if (found) texts.currentNode.nodeValue = found[1];
  }
  dialog.querySelectorAll("pre, [data-testid='stCode']").forEach((code) => (code.style.display = "none"));
}

// Streamlit makes an entry of the browser's history of every change of the address: of a slider, of
// Train. What stays on a page replaces its entry, so that one press of Back leaves the page.
function keepOneEntryAPage() {
  const push = history.pushState;
  history.pushState = function (state, title, url) {
    const stays = new URL(url ?? location.href, location.href).pathname === location.pathname;
    (stays ? history.replaceState : push).call(history, state, title, url);
  };
}

export default function ({ data }) {
  const code = (window[data.name] ??= Promise.withResolvers());
  if (code.loading) return;
  code.loading = true;
  keepOneEntryAPage();
  new MutationObserver(explainLoss).observe(document.body, { childList: true, subtree: true });
  style(data.css);
  Promise.all(Object.entries(data.modules).map(load)).then(
    (modules) => code.resolve(Object.fromEntries(modules)),
    code.reject,
  );
}
