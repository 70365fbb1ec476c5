// The wall of slides: by words, by a dropped picture, or more like one of them; a click plays from there.

import { byId, clock, el, heading, putAway, request, slide, t } from "./dom.js";
import { SidePlayer } from "./player.js";

const wall = byId("wall");
const box = byId("q");
const drop = byId("drop");
const side = new SidePlayer(byId("player"));
let turn = 0;

byId("see").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = box.value.trim();
  if (!words) return;
  putAway(box);
  go({ q: words });
});
byId("picture").addEventListener("change", (event) => { event.target.files[0] && picture(event.target.files[0]); event.target.value = ""; });
for (const name of ["dragover", "dragenter"]) addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); event.dataTransfer.files[0] && picture(event.dataTransfer.files[0]); });
addEventListener("paste", (event) => event.clipboardData?.files[0] && picture(event.clipboardData.files[0]));
addEventListener("popstate", start);

function go(given) {
  history.pushState({}, "", `/see?${new URLSearchParams(given)}`);
  start();
}

function start() {
  const { q, talk, frame } = Object.fromEntries(new URLSearchParams(location.search));
  box.value = q ?? "";
  if (q) look(request(`/api/see?${new URLSearchParams({ words: q })}`));
  else if (talk && frame) look(request(`/api/see?${new URLSearchParams({ talk, frame })}`), slide(talk, `frames/${frame}`), t("like_this"));
  else wall.replaceChildren(), document.body.classList.remove("seen");
}

function picture(file) {
  const shown = el("img", { src: URL.createObjectURL(file), alt: "" });
  box.value = "";
  look(request("/api/see", { method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } }), shown, t("like_picture"));
}

async function look(answer, example, title) {
  const mine = ++turn;
  document.body.classList.add("seen");
  wall.replaceChildren(example ? el("div", { class: "example" }, example, el("h2", {}, title)) : "", el("p", { class: "wait" }, t("seeing")));
  try {
    const found = await answer;
    if (mine === turn) show(found.hits);
  } catch (error) {
    if (mine === turn) wall.lastChild.replaceWith(el("p", { class: "problem", role: "alert" }, error.message));
  }
}

function show(hits) {
  const groups = new Map();
  for (const hit of hits) groups.set(hit.talk.id, [...(groups.get(hit.talk.id) ?? []), hit]);
  const sections = [...groups.values()].map((group) =>
    el("section", {}, heading(group[0].talk, group[0].frame.start), el("ul", {}, group.map((hit) => el("li", { class: "frame" }, shown(hit), like(hit))))));
  wall.lastChild.replaceWith(sections.length ? el("div", { class: "wall" }, sections) : el("p", { class: "note" }, t("nothing_found")));
}

function shown({ talk, frame }) {
  const name = `${t("play_from", { time: clock(frame.start) })}${frame.text ? `: ${frame.text.split("\n").slice(0, 3).join(", ")}` : ""}`;
  const button = el("button", { type: "button", class: "show", "aria-label": name, title: frame.text },
    slide(talk.id, frame.path), el("span", { class: "length" }, clock(frame.start)));
  button.addEventListener("click", () => side.play(talk, { at: frame.start, from: button }));
  return button;
}

function like({ talk, frame }) {
  return el("button", { type: "button", class: "like", onclick: () => go({ talk: talk.id, frame: frame.path.replace("frames/", "") }) }, t("like_this"));
}

start();
