// Describing a stretch of a talk: it is marked on the player; the telling appears beside the panel of facts.

import { byId, clock, el, t, tell } from "./dom.js";

/** Seconds of "62.5", "1:02" or "1:02:03"; NaN for what is none. */
export function seconds(written) {
  const parts = written.trim().replace(",", ".").split(":");
  if (!parts.length || parts.length > 3 || parts.some((part) => !/^\d+(\.\d+)?$/.test(part))) return NaN;
  return parts.reduce((total, part) => total * 60 + Number(part), 0);
}

/** Sets up the form of a talk's page. */
export function describing(player, id) {
  const form = byId("describe");
  if (!form) return;
  const [from, to, style] = ["from", "to", "style"].map((name) => form.elements[name]);
  const [facts, telling, state, captions] = ["facts", "telling", "describe-state", "describe-vtt"].map(byId);
  let source = null;

  for (const [button, box] of [["mark-from", from], ["mark-to", to]])
    byId(button).addEventListener("click", () => { box.value = clock(player.time); mark(); });
  for (const box of [from, to]) box.addEventListener("input", mark);
  form.addEventListener("submit", (event) => { event.preventDefault(); begin(); });
  byId("describe-stop").addEventListener("click", () => end(t("describe_stopped")));

  /** The stretch under the picture. */
  function mark() {
    const [start, stop, length] = [seconds(from.value), seconds(to.value), player.talk?.duration];
    const place = byId("stretch");
    place.hidden = !(length && stop > start);
    if (place.hidden) return;
    place.firstElementChild.style.marginLeft = `${(100 * Math.min(start, length)) / length}%`;
    place.firstElementChild.style.width = `${(100 * (Math.min(stop, length) - start)) / length}%`;
  }

  function begin() {
    const [start, stop] = [seconds(from.value), seconds(to.value)];
    if (!(stop > start)) return tell(t("describe_times"));
    source?.close();
    facts.replaceChildren();
    telling.replaceChildren();
    showTelling(true);
    captions.hidden = true;
    byId("described").hidden = false;
    busy(true, t("describing"));
    const query = new URLSearchParams({ start, end: stop, style: style.value.trim(), language: document.documentElement.lang });
    const mine = (source = new EventSource(`/api/talks/${id}/describe/events?${query}`));
    mine.addEventListener("fact", (event) => facts.append(fact(JSON.parse(event.data))));
    mine.addEventListener("sentence", (event) => telling.append(sentence(JSON.parse(event.data)), " "));
    mine.addEventListener("described", (event) => {
      const found = JSON.parse(event.data);
      telling.replaceChildren(...found.sentences.flatMap((one) => [sentence(one), " "]));
      showTelling(!found.sentences.every((one) => found.facts.some((fact) => one.text === `${fact.text}.`)));
      captions.href = `/api/talks/${id}/describe.vtt?${query}`;
      captions.hidden = !found.sentences.length;
      const notes = [...found.notes, !found.engine && style.value.trim() ? t("describe_sober") : ""].filter(Boolean);
      end(!found.sentences.length ? t("describe_nothing") : notes.join(" "));
    });
    mine.addEventListener("failed", (event) => end(JSON.parse(event.data).error.message));
    mine.addEventListener("error", () => source === mine && end(t("offline")));
  }

  function end(message) {
    source?.close();
    source = null;
    busy(false, message);
  }

  function busy(on, message) {
    state.textContent = message;
    byId("describe-stop").hidden = !on;
    byId("described").setAttribute("aria-busy", String(on));
  }

  /** The telling and its heading; an account that only says the facts again is not shown beside them. */
  function showTelling(shown) {
    telling.hidden = telling.previousElementSibling.hidden = !shown;
  }

  /** A fact: its second, its words, its picture; it leads to its second. */
  function fact(one) {
    const name = one.frame.split("/").pop();
    const path = one.frame.startsWith("cache/") ? `/api/talks/${id}/described/${name}` : `/api/talks/${id}/frames/${name}?width=320`;
    return el("li", {}, el("a", { href: `?t=${Math.floor(one.second)}`, onclick: (event) => go(event, one.second) },
      one.frame ? el("img", { src: path, alt: "", width: 128, height: 72, loading: "lazy" }) : null,
      el("span", { class: "time" }, clock(one.second)), el("span", {}, one.text)));
  }

  /** A sentence of the telling; what the panel speaks against is marked, with the reason. */
  function sentence(one) {
    const link = el("a", { href: `?t=${Math.floor(one.start)}`, title: clock(one.start), onclick: (event) => go(event, one.start) }, one.text);
    return one.against ? el("span", { class: "against" }, "⚠ ", link, " ", el("small", {}, one.against)) : link;
  }

  function go(event, second) {
    event.preventDefault();
    player.seek(second, true);
  }
}
