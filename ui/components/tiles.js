// Tiles that are made once and then only change their text and their line.
function make(root, count) {
  root.replaceChildren();
  for (let i = 0; i < count; i++) {
    const tile = document.createElement("div");
    tile.className = "tile";
    for (const part of ["label", "value", "note"]) {
      const line = document.createElement("div");
      line.className = part;
      tile.appendChild(line);
    }
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 100 22");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    tile.appendChild(svg);
    root.appendChild(tile);
  }
}

function line(values) {
  if (!values || values.length < 2) return "";
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const point = (v, i) => `${((100 * i) / (values.length - 1)).toFixed(1)} ${(20 - (18 * (v - low)) / span).toFixed(1)}`;
  return "M" + values.map(point).join("L");
}

function seconds(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}

// While a long step is computed the server sends nothing, so the browser counts by itself.
function count(tile, clock) {
  const note = tile.querySelector(".note");
  const began = performance.now();
  const usual = clock.usual === null ? "none timed yet" : `usually ${seconds(clock.usual)}`;
  const say = () => {
    if (!tile.isConnected) clearInterval(tile.timer);
    const now = Math.floor((performance.now() - began) / 1000);
    note.textContent = note.title = `this step ${now} s, ${usual}`;
  };
  const begin = () => {
    say();
    tile.timer = setInterval(say, 1000);
  };
  tile.timer = setTimeout(begin, 1000 * clock.after);
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".tiles");
  const rows = JSON.parse(new TextDecoder().decode(data));
  if (root.children.length !== rows.length) make(root, rows.length);
  rows.forEach((row, i) => {
    const tile = root.children[i];
    tile.dataset.name = row.label;
    if (row.stamp !== undefined) tile.dataset.stamp = row.stamp;
    for (const part of ["label", "value", "note"]) tile.querySelector("." + part).textContent = row[part] ?? "";
    tile.querySelector(".note").title = row.note ?? "";
    clearInterval(tile.timer);
    if (row.clock) count(tile, row.clock);
    tile.querySelector("path").setAttribute("d", line(row.spark));
  });
}
