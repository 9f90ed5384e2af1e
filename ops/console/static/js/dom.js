/**
 * Make an element. Text goes in as text, never as markup.
 * @param {string} tag @param {Record<string, any>} [given] @param {...(Node|string|null|undefined|false)} children
 */
export function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "color") node.style.setProperty("--c", value);
    else if (name in node && name !== "list" && !name.includes("-")) node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Make a table with a caption for those who hear it. @param {string} caption @param {[string, string?][]} columns @param {(Node|string)[][]} rows */
export function table(caption, columns, rows) {
  const head = el("tr", {}, ...columns.map(([label, kind]) => el("th", { scope: "col", className: kind ?? "" }, label)));
  const body = rows.map((cells) => el("tr", {}, ...cells.map((cell, at) =>
    el("td", { className: columns[at][1] ?? "" }, cell))));
  return el("table", {}, el("caption", { className: "vh" }, caption), el("thead", {}, head), el("tbody", {}, ...body));
}

/** Put a new content into a node, and keep the focus on what has the same id. @param {Element} node @param {...Node} children */
export function fill(node, ...children) {
  const id = node.contains(document.activeElement) ? document.activeElement.id : "";
  const tops = [...node.querySelectorAll("[data-keep]")].map((one) => [one.dataset.keep, one.scrollTop]);
  node.replaceChildren(...children.filter(Boolean));
  for (const [keep, top] of tops) {
    const again = node.querySelector(`[data-keep="${keep}"]`);
    if (again) again.scrollTop = top;
  }
  if (id) document.getElementById(id)?.focus();
}

let hiding = 0;
/** Tell a sentence at the foot of the page. @param {string} sentence @param {boolean} [good] */
export function tell(sentence, good = false) {
  const toast = document.getElementById("toast");
  toast.textContent = sentence;
  toast.dataset.good = String(good);
  toast.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { toast.hidden = true; }, 8000);
}

const SVG = "http://www.w3.org/2000/svg";
/** Draw a line of values without axes. @param {number[]} values @param {string} label */
export function spark(values, label) {
  const [width, height] = [130, 26];
  const top = Math.max(...values, 1);
  const points = values.map((value, at) =>
    `${((at / Math.max(values.length - 1, 1)) * width).toFixed(1)},${(height - (value / top) * (height - 3)).toFixed(1)}`);
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["class", "spark"], ["width", width], ["height", height], ["role", "img"], ["aria-label", label]])
    svg.setAttribute(name, String(value));
  for (const [name, path] of [["area", `M0,${height} L${points.join(" L")} L${width},${height} Z`], ["edge", `M${points.join(" L")}`]]) {
    const node = document.createElementNS(SVG, "path");
    node.setAttribute("class", name);
    node.setAttribute("d", values.length > 1 ? path : "");
    svg.append(node);
  }
  return svg;
}

/** Show a dialog until one of its buttons is chosen; return that button's value. @param {HTMLDialogElement} dialog */
export function choose(dialog) {
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue); });
    dialog.showModal();
  });
}
