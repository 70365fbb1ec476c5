// A picture of words, as it comes along: steps from the server, then the picture, and the way that led to it.

import { byId, el, t } from "./dom.js";

const form = byId("draw");
const place = byId("drawn");
let coming = null;
let kept = []; // addresses of the pictures shown

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(form);
  if (!given.get("words").trim()) return;
  const asked = new URLSearchParams([...given].filter(([, value]) => value !== ""));
  history.replaceState({}, "", `/draw?${asked}`);
  begin(asked);
});

function begin(asked) {
  coming?.close();
  kept.forEach((one) => URL.revokeObjectURL(one));
  kept = [];
  const picture = el("img", { class: "canvas", alt: "", width: 384, height: 384, hidden: true });
  const bar = el("progress", { max: 1, "aria-label": t("drawing") });
  const line = el("p", { class: "wait" }, t("drawing"));
  place.replaceChildren(el("figure", {}, picture, bar, line));
  const mine = coming = new EventSource(`/api/draw/events?${asked}`);
  mine.addEventListener("waiting", () => { line.textContent = t("draw_waiting"); });
  mine.addEventListener("step", (event) => {
    const { step, steps, picture: seen } = JSON.parse(event.data);
    show(picture, seen, asked.get("words"));
    [bar.max, bar.value] = [steps, step];
    line.textContent = t("draw_step", { step, steps });
  });
  mine.addEventListener("drawn", (event) => { mine.close(); finish(JSON.parse(event.data), asked.get("words")); });
  mine.addEventListener("failed", (event) => { mine.close(); refuse(JSON.parse(event.data).error.message); });
  mine.onerror = () => { mine.close(); explain(asked); };
}

/** A data: address as one of this page's own, which is what its policy lets in. */
function own(source) {
  const [head, content] = source.split(",");
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const made = URL.createObjectURL(new Blob([bytes], { type: head.slice("data:".length, -";base64".length) }));
  kept.push(made);
  return made;
}

function show(picture, source, words) {
  const before = picture.src;
  picture.src = own(source);
  if (before) URL.revokeObjectURL(before);
  picture.alt = words;
  picture.hidden = false;
}

function finish({ settings, ...given }, words) {
  const [drawn, strip, animation, unguided] = ["drawn", "strip", "animation", "unguided"].map((name) => given[name] && own(given[name]));
  const name = `${words.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "drawing"}.png`;
  const said = ["method", "seed", "scale", "steps"].map((key) => `${t(`draw_${key}`)}: ${settings[key]}`).join(" · ");
  const main = el("figure", {}, el("img", { class: "canvas", src: drawn, alt: words, width: 384, height: 384 }),
    el("figcaption", {}, said, " ", el("a", { href: drawn, download: name }, t("draw_save"))));
  const plain = unguided && el("figure", {}, el("img", { class: "canvas", src: unguided, alt: t("draw_unguided"), width: 384, height: 384 }),
    el("figcaption", {}, t("draw_unguided")));
  const way = strip && el("section", { class: "way" }, el("h2", {}, t("draw_way")), el("img", { src: animation, alt: t("draw_animation") }),
    el("div", { class: "strip", tabindex: 0, role: "region", "aria-label": t("draw_strip") }, el("img", { src: strip, alt: t("draw_strip") })));
  place.replaceChildren(el("div", { class: "pair" }, main, plain), ...(way ? [way] : []));
}

function refuse(message) {
  place.replaceChildren(el("p", { class: "problem", role: "alert" }, message));
}

/** Why a stream did not begin: an EventSource does not say, the same address asked plainly does. */
async function explain(asked) {
  try {
    const answer = await fetch(`/api/draw/events?${asked}`, { headers: { Accept: "application/json" } });
    if (answer.ok) { answer.body.cancel(); refuse(t("offline")); return; }
    refuse((await answer.json()).error.message);
  } catch {
    refuse(t("offline"));
  }
}

const given = new URLSearchParams(location.search);
for (const [name, value] of given) {
  const field = form.elements[name];
  if (!field) continue;
  if (field.type === "checkbox") field.checked = value === "true";
  else field.value = value;
}
if (given.get("words")) begin(given);
