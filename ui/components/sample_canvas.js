// A grid of pictures from raw bytes: five numbers, a label, then pixels row by row.
const GAP = 2;

function tile(pixels, start, channels, height, width) {
  const rgba = new Uint8ClampedArray(height * width * 4);
  for (let p = 0; p < height * width; p++) {
    for (let c = 0; c < 3; c++) rgba[4 * p + c] = pixels[start + p * channels + (channels === 3 ? c : 0)];
    rgba[4 * p + 3] = 255;
  }
  return new ImageData(rgba, width, height);
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".sample-canvas");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [n, channels, height, width, columns, labelled] = [0, 1, 2, 3, 4, 5].map((i) => view.getInt32(4 * i, true));
  const label = new TextDecoder().decode(data.subarray(24, 24 + labelled));
  const rows = Math.ceil(n / columns);
  const canvas = root.querySelector("canvas") ?? root.appendChild(document.createElement("canvas"));
  const wide = columns * (width + GAP) - GAP;
  const high = rows * (height + GAP) - GAP;
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  const context = canvas.getContext("2d");
  const pixels = data.subarray(24 + labelled);
  for (let i = 0; i < n; i++) {
    const picture = tile(pixels, i * channels * height * width, channels, height, width);
    context.putImageData(picture, (i % columns) * (width + GAP), Math.floor(i / columns) * (height + GAP));
  }
  canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
}
