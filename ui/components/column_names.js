// Names above the columns: upright where one is wider than its column.
export default function(row, { heads, columns, size }) {
  const key = JSON.stringify([heads, columns]);
  if (row.dataset.key !== key) {
    row.dataset.key = key;
    row.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    row.replaceChildren(
      ...heads.map((name) => {
        const cell = document.createElement("span");
        cell.textContent = cell.title = name;
        return cell;
      }),
    );
  }
  row.hidden = heads.length === 0;
  row.style.maxWidth = `${size}px`;
  const width = `${row.clientWidth} ${key}`;
  if (row.dataset.fitted === width) return;
  row.dataset.fitted = width;
  row.classList.remove("upright");
  const isTooWide = (cell) => cell.scrollWidth > cell.clientWidth;
  row.classList.toggle("upright", [...row.children].some(isTooWide));
}
