"""The contrast of every text that a page shows, as the browser draws it (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

from playwright.sync_api import Page

MINIMUM = 4.5

FAINT = """
(minimum) => {
  const scratch = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (color) => {
    scratch.clearRect(0, 0, 1, 1);
    scratch.fillStyle = color;
    scratch.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = scratch.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], back) => [r, g, b].map((c, i) => c * a + back[i] * (1 - a));
  const chain = (e) => {
    const all = [];
    for (; e; e = e.parentElement) all.unshift(e);
    return all;
  };
  const light = (color) => {
    const [r, g, b] = color.map((c) => {
      const part = c / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // Disabled controls are exempt, icons are no text, and the rest is not there for the eye.
  const exempt =
    "[disabled], [aria-disabled='true'], label:has(:disabled), script, style, noscript, canvas, " +
    ".katex-mathml, .modebar, [data-testid='stIconMaterial']";
  const seen = (e) => {
    const box = e.getBoundingClientRect();
    const style = getComputedStyle(e);
    return box.width > 1 && box.height > 1 && style.visibility !== "hidden" && !e.closest(exempt);
  };
  const found = new Map();
  let count = 0;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = texts.currentNode.nodeValue.trim();
    const element = texts.currentNode.parentElement;
    if (!words || !element || !seen(element)) continue;
    let back = [255, 255, 255];
    let opacity = 1;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const own = range.getBoundingClientRect();
    const [x, y] = [own.x + own.width / 2, own.y + own.height / 2];
    for (const e of chain(element)) {
      const style = getComputedStyle(e);
      const box = e.getBoundingClientRect();
      // A slider's value stands in its thumb's element, and beside it on the page.
      const holds = box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
      const isBehind = holds || Math.min(box.width, box.height) > 100; // one may scroll
      if (isBehind) back = over(parse(style.backgroundColor), back);
      opacity *= Number(style.opacity);
    }
    if (opacity === 0) continue;
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const [r, g, b, a] = parse(isDrawn ? style.fill : style.color);
    const front = over([r, g, b, a * opacity], back);
    const [low, high] = [light(front), light(back)].sort((x, y) => x - y);
    const ratio = (high + 0.05) / (low + 0.05);
    count += 1;
    if (ratio < minimum) found.set(words.slice(0, 60), Math.round(100 * ratio) / 100);
  }
  return { count, faint: [...found] };
}
"""


def faint_texts(page: Page) -> tuple[int, list[tuple[str, float]]]:
    """Return the number of texts on the page, and those with too little contrast beside it."""
    measured = page.evaluate(FAINT, MINIMUM)
    return measured["count"], measured["faint"]
