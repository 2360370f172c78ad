// Every grid that a run has kept, as PNGs: a slider to scrub through them, and a button to play.
const GAP = 2;
const FRAME_MS = 180;

async function show(root, place) {
  const { head, content } = root;
  const moment = head.moments[place];
  root.place = place;
  root.slider.value = place;
  root.caption.textContent = moment.caption;
  const png = content.subarray(moment.start, moment.start + moment.length);
  const picture = await createImageBitmap(new Blob([png], { type: "image/png" }));
  if (root.place !== place) return picture.close(); // somebody was quicker
  const side = picture.height / moment.n;
  const rows = Math.ceil(moment.n / head.columns);
  root.canvas.width = head.columns * (picture.width + GAP) - GAP;
  root.canvas.height = rows * (side + GAP) - GAP;
  const context = root.canvas.getContext("2d");
  for (let i = 0; i < moment.n; i++) {
    const x = (i % head.columns) * (picture.width + GAP);
    const y = Math.floor(i / head.columns) * (side + GAP);
    context.drawImage(picture, 0, i * side, picture.width, side, x, y, picture.width, side);
  }
  picture.close();
  root.canvas.setAttribute("aria-label", `timeline: generated pictures at ${moment.caption}`);
}

function save(root) {
  root.canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${root.caption.textContent.replaceAll(",", "").replace(/[^a-z0-9]+/gi, "-")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }, "image/png");
}

function stop(root) {
  clearInterval(root.playing);
  root.playing = null;
  root.button.textContent = "Play";
}

function play(root) {
  root.button.textContent = "Stop";
  let next = root.place === root.head.moments.length - 1 ? 0 : root.place;
  root.playing = setInterval(() => {
    if (!root.isConnected) return stop(root);
    show(root, next);
    next += 1;
    if (next === root.head.moments.length) stop(root);
  }, FRAME_MS);
}

function prepare(root) {
  root.canvas = root.querySelector("canvas");
  root.slider = root.querySelector("input");
  root.button = root.querySelector("button");
  root.querySelector(".save").addEventListener("click", () => save(root));
  root.caption = root.querySelector(".caption");
  root.slider.addEventListener("input", () => {
    stop(root);
    show(root, Number(root.slider.value));
  });
  root.button.addEventListener("click", () => (root.playing ? stop(root) : play(root)));
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".timeline");
  if (!root.canvas) prepare(root);
  const length = new DataView(data.buffer, data.byteOffset).getInt32(0, true);
  const head = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  const known = root.head?.moments ?? [];
  const follows = root.place === undefined || root.place >= known.length - 1 || root.head.run !== head.run;
  root.head = head;
  root.content = data.subarray(4 + length);
  this.column_names(root.querySelector(".column-names"), head);
  root.slider.max = head.moments.length - 1;
  root.canvas.style.maxWidth = `${head.size}px`;
  show(root, follows ? head.moments.length - 1 : Math.min(root.place, head.moments.length - 1));
}
