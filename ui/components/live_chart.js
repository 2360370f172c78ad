// One Plotly figure that keeps its element, zoom and legend while its data change.
const THEMED = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };

function theme(root) {
  const css = getComputedStyle(root);
  const read = (name, fallback) => css.getPropertyValue(name).trim() || fallback;
  const text = read("--st-text-color", "#31333f");
  return {
    text,
    grid: "rgba(128,128,128,0.22)",
    back: read("--st-background-color", "#ffffff"),
    veil: `${read("--st-background-color", "#ffffff").slice(0, 7)}c0`,
    font: read("--st-font", "sans-serif"),
  };
}

function themed(layout, colors) {
  const made = { ...layout, ...THEMED };
  made.font = { size: 12, ...layout.font, color: colors.text, family: colors.font };
  made.hoverlabel = { bgcolor: colors.back, font: { color: colors.text }, namelength: -1 };
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis\d*$/.test(name)) {
      const line = { gridcolor: colors.grid, zerolinecolor: colors.grid, linecolor: colors.grid };
      const digits = name.startsWith("y") ? { hoverformat: ".3r" } : {};
      made[name] = { ...line, ...digits, ...layout[name] };
    }
  }
  const inherit = (shape) => (shape.line?.color ? shape : { ...shape, line: { ...shape.line, color: colors.text } });
  made.annotations = (layout.annotations ?? []).map((words) => ({ bgcolor: colors.veil, borderpad: 1, ...words }));
  made.shapes = (layout.shapes ?? []).map(inherit);
  return made;
}

// Heights are meant for a window 900 px high; charts share what a higher one has more.
const stretch = () => Math.min(1.6, Math.max(1, (window.innerHeight - 330) / 570));
const NARROW = 640;
const LEGEND_ROOM = 60;

// The layout, as high as this window allows. Panels side by side keep a width at which their words
// do not meet; a narrow window scrolls to them.
function fitted(root, layout) {
  const panels = Object.keys(layout).filter((name) => /^xaxis\d*$/.test(name) && layout[name].domain).length;
  const names = layout.yaxis?.automargin ? 300 : 0; // words instead of numbers
  root.style.minWidth = panels > 1 ? `${names + Math.min(panels, 4) * 210}px` : "";
  root.parentElement.style.overflowX = panels > 1 ? "auto" : "";
  const narrow = panels < 2 && window.innerWidth < NARROW;
  const height = Math.round(layout.height * stretch() + (narrow ? LEGEND_ROOM : 0));
  root.style.height = `${height}px`;
  return { ...layout, height };
}

function draw(root) {
  const live = root.live;
  if (!live) return; // it was taken away between the request for a frame and the frame
  live.scheduled = false;
  if (!window.Plotly || live.held || !live.next || !root.isConnected) return;
  if (live.shown && !live.visible) return;
  const figure = live.next;
  live.next = null;
  live.shown = figure;
  const config = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
  const colors = theme(root);
  live.text = colors.text;
  window.Plotly.react(root, figure.data, themed(fitted(root, figure.layout), colors), config);
  if (figure.layout.meta === "zoom" && !live.tells) {
    live.tells = true;
    root.on("plotly_relayout", (change) => tellZoom(live, change));
  }
  root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
}

// The part of the steps that is in sight, or null for all of them; they get finer curves there.
function tellZoom(live, change) {
  const axis = Object.keys(change).find((name) => /^xaxis\d*\.(range|autorange)/.test(name))?.split(".")[0];
  if (!axis) return;
  const ends = change[`${axis}.range`] ?? [change[`${axis}.range[0]`], change[`${axis}.range[1]`]];
  live.setStateValue("zoom", ends.every(Number.isFinite) ? ends : null);
}

function schedule(root) {
  if (!root.live || root.live.scheduled) return;
  root.live.scheduled = true;
  requestAnimationFrame(() => draw(root));
}

function prepare(root) {
  const live = { data: null, next: null, shown: null, held: false, visible: true, scheduled: false };
  root.live = live;
  const again = () => {
    live.next ??= live.shown && structuredClone(live.shown);
    schedule(root);
  };
  // A redraw in the middle of a drag would end it.
  const hold = () => (live.held = true);
  const release = () => {
    if (!live.held) return;
    live.held = false;
    schedule(root);
  };
  root.addEventListener("pointerdown", hold, true);
  window.addEventListener("pointerup", release, true);
  window.addEventListener("pointercancel", release, true);
  window.addEventListener("plotly-ready", again);
  window.addEventListener("resize", again);
  const scheme = new MutationObserver(() => {
    if (live.text && theme(root).text !== live.text) again();
  });
  // A change of colours changes the class of the whole app, and so do other things.
  const app = root.closest(".stApp") ?? document.documentElement;
  scheme.observe(app, { attributes: true, attributeFilter: ["class", "style"] });
  // A chart that is scrolled away costs nothing; its newest data wait.
  const sight = new IntersectionObserver(
    (entries) => {
      live.visible = entries.at(-1).isIntersecting;
      schedule(root);
    },
    { rootMargin: "150px" },
  );
  sight.observe(root);
  live.end = () => {
    sight.disconnect();
    window.removeEventListener("pointerup", release, true);
    window.removeEventListener("pointercancel", release, true);
    window.removeEventListener("plotly-ready", again);
    window.removeEventListener("resize", again);
    scheme.disconnect();
    window.Plotly?.purge(root);
    delete root.live;
  };
}

const KINDS = { f4: Float32Array, i4: Int32Array };

const evenly = (first, stride, size) => Float64Array.from({ length: size }, (_, i) => first + i * stride);

// A JSON header, then the arrays; one that several curves share stands there once.
function decode(data) {
  const length = new DataView(data.buffer, data.byteOffset).getInt32(0, true);
  const numbers = data.slice(4 + length).buffer; // a copy begins where 32-bit numbers may begin
  const head = new TextDecoder().decode(data.subarray(4, 4 + length));
  return JSON.parse(head, (_, value) => {
    if (value?.even) return evenly(...value.even);
    if (!value?.bytes) return value;
    const [kind, start, size] = value.bytes;
    return new KINDS[kind](numbers, start, size);
  });
}

const same = (a, b) => a?.length === b.length && a.every((byte, i) => byte === b[i]);

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".live-chart");
  if (!root.live) prepare(root);
  root.live.setStateValue = setStateValue;
  if (!same(root.live.data, data)) {
    root.live.data = data;
    root.live.next = decode(data);
    fitted(root, root.live.next.layout);
    schedule(root);
  }
  return () => setTimeout(() => root.isConnected || root.live?.end(), 500);
}
