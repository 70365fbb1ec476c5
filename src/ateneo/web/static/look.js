// A picture and a question: the answer, the rooms of a plan as a table and CSV, each calculation with what it comes to.

import { byId, el, request, t } from "./dom.js";

const form = byId("look");
const box = byId("q");
const drop = byId("drop");
const place = byId("looked");
let file = null;
let shown = null;
let turn = 0;

form.addEventListener("submit", (event) => { event.preventDefault(); file ? look() : refuse(t("look_none")); });
byId("picture").addEventListener("change", (event) => { take(event.target.files[0]); event.target.value = ""; });
for (const name of ["dragover", "dragenter"]) addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); take(event.dataTransfer.files[0]); });
addEventListener("paste", (event) => take(event.clipboardData?.files[0]));

function take(chosen) {
  if (!chosen) return;
  if (shown) URL.revokeObjectURL(shown.src);
  file = chosen;
  shown = el("img", { src: URL.createObjectURL(chosen), alt: t("look_yours"), onerror: (event) => { event.target.parentElement.hidden = true; } });
  drop.classList.add("small");
  look();
}

async function look() {
  const mine = ++turn;
  const asked = new URLSearchParams({ question: box.value.trim(), ...(box.value.trim() ? {} : { language: document.documentElement.lang }) });
  place.replaceChildren(el("figure", {}, shown), el("p", { class: "wait" }, t("looking")));
  try {
    const found = await request(`/api/look?${asked}`, { method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } });
    if (mine === turn) place.replaceChildren(el("figure", {}, shown), el("div", { class: "told" }, answer(found)));
  } catch (error) {
    if (mine === turn) refuse(error.message);
  }
}

function refuse(message) {
  place.replaceChildren(...(shown ? [el("figure", {}, shown)] : []), el("p", { class: "problem", role: "alert" }, message));
}

function answer(found) {
  return [
    el("div", { class: "said" }, found.answer.split("\n").filter(Boolean).map((line) => el("p", {}, formulas(line)))),
    found.tables.map(table),
    found.arithmetic.length ? el("section", {}, el("h2", {}, t("look_sums")), el("ul", { class: "sums" }, found.arithmetic.map(sum))) : null,
    found.drawings.length ? el("ul", { class: "letters" }, found.drawings.map((one) => el("li", {}, el("b", {}, one.letter.toUpperCase() || "?"), ` ${one.name}`))) : null,
    found.notes.map((note) => el("p", { class: "about" }, note)),
    found.text_in_image ? el("details", {}, el("summary", {}, t("look_text")), el("pre", {}, found.text_in_image)) : null,
  ].flat();
}

/** A line with its formulas set apart, as people read them; the LaTeX itself is their title. */
function formulas(line) {
  return line.split(/(\$[^$]+\$)/).map((part) => part.startsWith("$") && part.length > 2 ? el("code", { class: "formula", title: part.slice(1, -1) }, readable(part.slice(1, -1))) : part);
}

const SIGNS = { times: "×", cdot: "·", div: "÷", approx: "≈", Rightarrow: "⇒", pi: "π", pm: "±", le: "≤", ge: "≥", left: "", right: "", quad: " ", circ: "°" };
const HIGH = { 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹", "-": "⁻" };

/** LaTeX in a line of plain signs: fractions with a stroke, roots with brackets. */
function readable(latex) {
  const plain = (inner) => (/^(?:\d[\d.,]*|\p{L})$/u.test(inner) ? inner : `(${inner})`);
  let made = latex.replaceAll("{,}", ",").replace(/\\(?:text|mathrm|mathbf|operatorname)\s*\{([^{}]*)\}/g, "$1");
  made = made.replace(/\^\{(-?\d+)\}|\^(\d)/g, (whole, many, one) => Array.from(many ?? one, (sign) => HIGH[sign]).join(""));
  for (let before = ""; before !== made; ) {
    before = made;
    made = made.replace(/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, (whole, top, bottom) => `${plain(top)}/${plain(bottom)}`);
    made = made.replace(/\\sqrt\s*\{([^{}]*)\}/g, (whole, inner) => `√${plain(inner)}`);
  }
  return made.replace(/\\([A-Za-z]+)/g, (whole, name) => SIGNS[name] ?? whole).replace(/\\[,;:! ]/g, " ").replace(/\s+/g, " ").trim();
}

function table([whole, ...lines]) {
  const shown = whole.map((_, n) => n).filter((n) => lines.some((row) => row[n] !== "" && row[n] != null));
  const [head, ...rows] = [whole, ...lines].map((row) => shown.map((n) => row[n])); // empty columns are in the CSV alone
  const numeric = (cell) => /^-?[\d.]+$/.test(cell);
  const grid = el("table", {},
    el("thead", {}, el("tr", {}, head.map((cell, n) => el("th", { scope: "col", class: n > 1 ? "number" : null }, cell)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, n) => n ? el("td", { class: numeric(cell) ? "number" : null }, cell) : el("th", { scope: "row" }, cell))))));
  const link = el("a", { class: "button", download: "ateneo.csv", href: URL.createObjectURL(new Blob([csv([whole, ...lines])], { type: "text/csv" })) }, t("look_csv"));
  return el("section", {}, el("div", { class: "grid", tabindex: 0, role: "region", "aria-label": t("look_table") }, grid), link);
}

/** As the command writes it: what a spreadsheet would take for a formula is quoted. */
function csv(rows) {
  const safe = (cell) => (/^[=+@\t-]/.test(cell) && !/^-?[\d.]+$/.test(cell) ? `'${cell}` : cell);
  const written = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return rows.map((row) => row.map((cell) => written(safe(cell))).join(",")).join("\n") + "\n";
}

function sum({ found, value, right }) {
  const shown = `${Number(value.toPrecision(6))}`;
  return el("li", { class: right ? "right" : "wrong" }, el("span", { "aria-hidden": true }, right ? "✓ " : "✗ "), readable(found.replaceAll("$", "")),
    right ? el("span", { class: "hidden" }, ` (${t("look_right")})`) : el("strong", {}, ` ${t("look_wrong", { value: shown })}`));
}
