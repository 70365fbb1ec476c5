// A talk's page: the bar of chapters, the strip of slides, the transcript, and corrections.

import { byId, clock, el, request, send, t, tell } from "./dom.js";
import { describing } from "./describe.js";
import { Player } from "./player.js";

const id = byId("talk").dataset.talk;
const given = new URLSearchParams(location.search);
const place = byId("transcript");
const player = new Player(document.querySelector(".stage"), { transcript: place, moved });
const chapters = [...document.querySelectorAll("#chapters button")];
const slides = [...document.querySelectorAll("#slides button")];
const segments = [];
let hit = -1;
describing(player, id);

for (const button of [...chapters, ...slides])
  button.addEventListener("click", () => player.seek(Number(button.dataset.start), true));
player.open(id, { at: Number(given.get("t")) || 0, language: given.get("language") ?? undefined })
  .then(() => { drawBar(player.talk); tabs(); given.get("q") && find(given.get("q")); })
  .catch((error) => tell(error.message));

/** The chapters side by side, as long as they last. */
function drawBar(talk) {
  const end = talk.duration ?? Math.max(...talk.chapters.map((one) => one.start + 60), 1);
  talk.chapters.forEach((chapter, n) => {
    const stop = talk.chapters[n + 1]?.start ?? end;
    const start = n ? chapter.start : 0;
    const button = el("button", { type: "button", title: `${clock(chapter.start)} ${chapter.title}`, "aria-label": `${clock(chapter.start)} ${chapter.title}` }, el("span"));
    button.style.flexGrow = Math.max(1, stop - start);
    button.addEventListener("click", () => player.seek(chapter.start, true));
    segments.push({ button, start, stop });
    byId("bar").append(button);
  });
  moved(player.time);
}

function moved(second) {
  for (const { button, start, stop } of segments) {
    const done = Math.min(1, Math.max(0, (second - start) / Math.max(0.001, stop - start)));
    button.firstChild.style.width = `${100 * done}%`;
  }
  current(chapters, second);
  const slide = current(slides, second);
  if (slide) {
    const strip = byId("slides");
    strip.scrollTo({ left: slide.parentElement.offsetLeft - strip.clientWidth / 2 + slide.offsetWidth / 2, behavior: "smooth" });
  }
}

/** Marks the last one that has begun; gives it where it is another than before. */
function current(buttons, second) {
  const now = buttons.findLast((button) => Number(button.dataset.start) <= second + 0.05);
  const before = buttons.find((button) => button.hasAttribute("aria-current"));
  if (now === before) return null;
  before?.removeAttribute("aria-current");
  now?.setAttribute("aria-current", "true");
  return now;
}

function tabs() {
  const buttons = document.querySelectorAll("[data-language]");
  const press = () => buttons.forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.language === player.language)));
  for (const button of buttons)
    button.addEventListener("click", async () => { await player.read(button.dataset.language); press(); find(byId("find").value); });
  press();
}

// --- search in the talk ---

const box = byId("find");
box?.addEventListener("input", () => find(box.value));
box?.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); step(event.shiftKey ? -1 : 1); } });
byId("find-previous")?.addEventListener("click", () => step(-1));
byId("find-next")?.addEventListener("click", () => step(1));

function find(words) {
  if (box && box.value !== words) box.value = words;
  const hits = player.transcript.search(words);
  hit = -1;
  for (const name of ["find-previous", "find-next"]) byId(name).disabled = !hits.length;
  byId("found").textContent = words.trim() ? (hits.length ? "" : t("no_matches")) : "";
  if (hits.length) step(1);
}

function step(by) {
  const { transcript } = player;
  if (!transcript.hits?.length) return;
  hit = (hit + by + transcript.hits.length) % transcript.hits.length;
  transcript.root.querySelector(".chosen")?.classList.remove("chosen");
  transcript.rows[transcript.hits[hit]].classList.add("chosen");
  transcript.scrolled = Date.now();
  transcript.reveal(transcript.hits[hit]);
  byId("found").textContent = t("matches", { n: hit + 1, count: transcript.hits.length });
}

// --- links and corrections ---

byId("link").addEventListener("click", async () => {
  const link = `${location.origin}/talks/${id}?t=${Math.floor(player.time)}`;
  history.replaceState({}, "", link);
  await navigator.clipboard?.writeText(link).catch(() => {});
  tell(t("link_copied", { time: clock(player.time) }));
});

byId("edit")?.addEventListener("click", (event) => {
  const on = (player.transcript.editing = !player.transcript.editing);
  event.currentTarget.setAttribute("aria-pressed", String(on));
  event.currentTarget.textContent = on ? t("done") : t("correct_lines");
  byId("edit-hint").hidden = !on;
  place.classList.toggle("editing", on);
  if (!on) player.transcript.closeEdit();
});
if (player.transcript) player.transcript.saved = () => { player.forget(); tell(t("saved")); };

const dialog = byId("details");
byId("correct")?.addEventListener("click", () => dialog.showModal());
byId("leave")?.addEventListener("click", () => dialog.close());
dialog?.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = Object.fromEntries(new FormData(event.target));
  try {
    await send("PATCH", `/api/talks/${id}`, { ...values, speakers: values.speakers.split("\n").map((name) => name.trim()).filter(Boolean) });
    location.reload();
  } catch (error) {
    dialog.querySelector(".problem").textContent = error.message;
  }
});
byId("remove")?.addEventListener("click", async () => {
  if (!confirm(t("remove_sure"))) return;
  try {
    await request(`/api/talks/${id}`, { method: "DELETE" });
    location.assign("/talks");
  } catch (error) {
    dialog.querySelector(".problem").textContent = error.message;
  }
});
