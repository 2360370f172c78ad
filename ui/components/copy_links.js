// Buttons that copy links to this page; each says for a while that it has.
async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // over plain HTTP browsers keep the clipboard
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.appendChild(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser refused");
}

function make(row) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = row.label;
  button.title = row.help;
  button.onclick = async () => {
    const link = location.origin + location.pathname + button.dataset.query;
    try {
      await copy(link);
      button.textContent = "Copied";
    } catch {
      button.textContent = link; // to be copied by hand
    }
    clearTimeout(button.timer);
    button.timer = setTimeout(() => (button.textContent = row.label), 4000);
  };
  return button;
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".copy-links");
  if (root.children.length !== data.length) root.replaceChildren(...data.map(make));
  data.forEach((row, i) => (root.children[i].dataset.query = row.query));
}
