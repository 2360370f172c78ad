// Hands a file to the browser, once, under the name that it was given when it was made.
const handed = new Set();

export default function ({ data }) {
  if (!data) return;
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  if (handed.has(head.id)) return; // every later message of the page has it, too
  handed.add(head.id);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes.subarray(4 + length)], { type: head.mime }));
  link.download = head.name;
  document.body.appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
