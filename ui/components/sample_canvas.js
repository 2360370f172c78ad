// A grid of pictures from raw bytes: a JSON header, then pixels row by row. A click enlarges one.
const GAP = 2;

function tile(pixels, start, { channels, height, width }) {
  const rgba = new Uint8ClampedArray(height * width * 4);
  for (let p = 0; p < height * width; p++) {
    for (let c = 0; c < 3; c++) rgba[4 * p + c] = pixels[start + p * channels + (channels === 3 ? c : 0)];
    rgba[4 * p + 3] = 255;
  }
  return new ImageData(rgba, width, height);
}

function place(head, i) {
  return [(i % head.columns) * (head.width + GAP), Math.floor(i / head.columns) * (head.height + GAP)];
}

function draw(root) {
  const { head, pixels, canvas, words } = root;
  if (root.zoomed >= head.n) root.zoomed = null;
  const chosen = root.zoomed;
  const rows = Math.ceil(head.n / head.columns);
  const whole = [head.columns * (head.width + GAP) - GAP, rows * (head.height + GAP) - GAP];
  const [wide, high] = chosen === null ? whole : [head.width, head.height];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext("2d");
  const size = head.channels * head.height * head.width;
  for (let i = 0; i < head.n; i++) {
    if (chosen !== null && i !== chosen) continue;
    const [x, y] = chosen === null ? place(head, i) : [0, 0];
    context.putImageData(tile(pixels, i * size, head), x, y);
  }
  canvas.setAttribute("aria-label", chosen === null ? head.label : `${head.label}, number ${chosen + 1}`);
  canvas.style.maxWidth = `${head.size}px`;
  root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
  const title = head.titles?.[chosen] ?? `number ${chosen + 1} of ${head.n}`;
  words.textContent = words.title = chosen === null ? "click on a picture to enlarge it" : title;
  root.classList.toggle("zoomed", chosen !== null);
  root.bar.hidden = head.n === 1;
  root.back.hidden = chosen === null;
  root.back.textContent = `← All ${head.n}`;
  root.nameColumns(root.names, head);
}

function zoom(root, place) {
  root.zoomed = place;
  draw(root);
}

// Enter enlarges a picture, arrows go to its neighbours, Escape shows all again.
function press(root, event) {
  const { head, zoomed } = root;
  const way = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: head.columns, ArrowUp: -head.columns }[event.key];
  if (event.key === "Enter") zoom(root, zoomed === null ? 0 : null);
  else if (event.key === "Escape" && zoomed !== null) zoom(root, null);
  else if (way && zoomed !== null && head.n > zoomed + way && zoomed + way >= 0) zoom(root, zoomed + way);
  else return;
  event.preventDefault();
}

const ABOVE = `
  <div class="bar"><button type="button" class="back" hidden></button><span class="words"></span></div>
  <div class="column-names" hidden></div>
`;

function prepare(root) {
  root.insertAdjacentHTML("afterbegin", ABOVE); // here, because what stands in the root comes with each frame
  root.canvas = root.querySelector("canvas");
  root.words = root.querySelector(".words");
  root.bar = root.querySelector(".bar");
  root.back = root.querySelector(".back");
  root.names = root.querySelector(".column-names");
  root.zoomed = null;
  root.back.addEventListener("click", () => zoom(root, null));
  root.canvas.addEventListener("keydown", (event) => root.head.n > 1 && press(root, event));
  new ResizeObserver(() => root.head && root.nameColumns(root.names, root.head)).observe(root);
  root.canvas.addEventListener("click", (event) => {
    const { head, canvas } = root;
    const scale = canvas.width / canvas.getBoundingClientRect().width;
    const column = Math.floor((event.offsetX * scale) / (head.width + GAP));
    const row = Math.floor((event.offsetY * scale) / (head.height + GAP));
    const hit = row * head.columns + column;
    if (head.n > 1) zoom(root, root.zoomed === null && hit < head.n ? hit : null);
  });
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".sample-canvas");
  if (!root.canvas) prepare(root);
  root.nameColumns = this.column_names;
  const length = new DataView(data.buffer, data.byteOffset).getInt32(0, true);
  root.head = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  root.pixels = data.subarray(4 + length);
  draw(root);
  root.canvas.dataset.frames = Number(root.canvas.dataset.frames ?? 0) + 1;
}
