// The first page: a question goes out, the answer comes sentence by sentence, a citation plays its second.

import { byId, clock, el, heading, putAway, request, t } from "./dom.js";
import { SidePlayer } from "./player.js";

const place = byId("answer");
const box = byId("q");
const side = new SidePlayer(byId("player"));
let source = null;
let turn = 0;
const asked = []; // questions of this conversation that a language model answered

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = box.value.trim();
  if (!question) return;
  putAway(box);
  history.pushState({}, "", `/?q=${encodeURIComponent(question)}`);
  ask(question);
});
addEventListener("popstate", start);

function start() {
  const question = new URLSearchParams(location.search).get("q") ?? "";
  box.value = question;
  if (question) ask(question);
  else clear();
}

function clear() {
  source?.close();
  turn += 1;
  place.replaceChildren();
  document.body.classList.remove("asked");
  document.title = "Ateneo";
}

function ask(question) {
  clear();
  const mine = turn;
  document.body.classList.add("asked");
  document.title = `${question} · Ateneo`;
  const answer = new Answer(question);
  place.replaceChildren(answer.root);
  const query = new URLSearchParams([["question", question], ...asked.slice(-4).map((one) => ["after", one])]);
  source = new EventSource(`/api/ask/events?${query}`);
  source.addEventListener("sentence", (event) => answer.sentence(JSON.parse(event.data)));
  source.addEventListener("talk", (event) => answer.talk(JSON.parse(event.data)));
  source.addEventListener("answer", (event) => { source.close(); answer.end(JSON.parse(event.data)); });
  source.addEventListener("failed", (event) => { source.close(); answer.fail(JSON.parse(event.data).error.message); });
  source.addEventListener("error", () => { source.close(); mine === turn && answer.fail(t("offline")); });
  request(`/api/search?words=${encodeURIComponent(question)}&limit=12`)
    .then((found) => mine === turn && answer.passages(found.hits))
    .catch(() => {});
}

class Answer {
  constructor(question) {
    this.question = question;
    this.numbers = new Map();
    this.known = new Map();
    this.buttons = [];
    this.merged = el("p", { class: "merged" });
    this.wait = el("p", { class: "wait" }, t("asking"));
    this.talks = el("div", { class: "by-talk" });
    this.found = el("section", { class: "passages", hidden: true });
    this.root = el("div", {}, el("h2", { class: "hidden" }, t("answer")), this.wait, this.merged, this.talks, this.found);
  }

  sentence(one) {
    this.wait.remove();
    this.merged.append(el("span", { class: "sentence" }, this.said(one), " ", this.cites(one.citations)), " ");
  }

  /** The text of a sentence, marked where it is doubtful. */
  said(one) {
    return one.doubt ? el("mark", { class: "doubtful", title: t("unsaid") }, "(?) ", one.text) : one.text;
  }

  /** What a language model had to do with the answer: how it understood the question, talks that disagree, its failure. */
  assisted({ understood, disagreements, note }) {
    if (this.merged.querySelector(".doubtful")) this.merged.after(el("p", { class: "note" }, "(?) ", t("unsaid")));
    if (understood) this.merged.before(el("p", { class: "note" }, t("understood", { question: understood })));
    for (const sides of disagreements) {
      const items = sides.map((one) => el("li", {}, this.said(one), " ", this.cites(one.citations)));
      this.talks.append(el("section", {}, el("h2", {}, t("disagree")), el("ul", {}, items)));
    }
    if (note) this.talks.append(el("p", { class: "note" }, t("without_model", { why: note })));
  }

  talk({ talk, sentences }) {
    this.known.set(talk.id, talk);
    const items = sentences.map((one) => el("li", {}, this.said(one), " ", this.cites(one.citations)));
    this.talks.append(el("section", {}, heading(talk, sentences[0]?.citations[0]?.start), el("ul", { lang: talk.language }, items)));
  }

  end(document) {
    this.wait.remove();
    this.over = true;
    for (const { talk } of [...document.talks, ...document.nearest]) this.known.set(talk.id, talk);
    if (document.assistance) {
      this.assisted(document.assistance);
      asked.push(document.question); // what is asked next is understood after this
    }
    this.buttons.forEach((one) => this.name(one));
    if (document.answer) {
      if (document.talks.length) this.talks.prepend(el("h2", {}, t("by_talk")));
      if (document.dropped) this.talks.append(el("p", { class: "note" }, t("dropped", { count: document.dropped })));
      return;
    }
    this.merged.replaceWith(el("p", { class: "merged refusal" }, t("refusal")));
    if (!this.found.hidden) this.found.firstChild.textContent = t("nearest"); // what is there stays under the pointer
    else if (document.nearest.length) this.talks.append(el("h2", {}, t("nearest")), hits(document.nearest));
    this.refused = this.found.hidden && document.nearest.length > 0;
  }

  passages(found) {
    if (this.refused || !found.length) return;
    this.found.replaceChildren(el("h2", {}, t("passages")), hits(found));
    this.found.hidden = false;
  }

  fail(message) {
    if (this.over) return;
    this.wait.remove();
    this.root.append(el("p", { class: "problem", role: "alert" }, message));
  }

  /** Numbers of citations; the same place has the same number everywhere. */
  cites(citations) {
    return citations.map((citation) => {
      const key = `${citation.talk} ${citation.start} ${citation.quote}`;
      if (!this.numbers.has(key)) this.numbers.set(key, this.numbers.size + 1);
      const number = this.numbers.get(key);
      const button = el("button", { type: "button", class: "cite" }, String(number));
      this.buttons.push({ button, citation, number });
      this.name({ button, citation, number });
      button.addEventListener("click", () => this.play(citation, button));
      return button;
    });
  }

  /** What a number stands for, for the pointer and for screen readers. */
  name({ button, citation, number }) {
    const title = this.known.get(citation.talk)?.title ?? "";
    button.title = `${title} ${clock(citation.start)}`.trim();
    button.setAttribute("aria-label", `${number}: ${t("citation", { title, time: clock(citation.start) })}`);
  }

  play(citation, from) {
    const talk = this.known.get(citation.talk) ?? { id: citation.talk, title: citation.talk, speakers: [] };
    side.play(talk, { at: citation.start, citation, from });
  }
}

/** Passages, talk by talk. */
function hits(found) {
  const groups = new Map();
  for (const hit of found) groups.set(hit.talk.id, [...(groups.get(hit.talk.id) ?? []), hit]);
  return el("div", { class: "hits" }, [...groups.values()].map((group) =>
    el("section", {}, heading(group[0].talk, group[0].start), el("ul", {}, group.map((hit) => el("li", {}, passage(hit)))))));
}

function passage(hit) {
  const source = hit.source === "speech" ? null : el("span", { class: "source" }, t(`source_${hit.source}`));
  const button = el("button", { type: "button", class: "passage" },
    el("span", { class: "time" }, clock(hit.start), source), el("span", { class: "text", lang: hit.language }, hit.text));
  button.addEventListener("click", () => side.play(hit.talk, { at: hit.start, language: hit.language, citation: { start: hit.start, end: hit.end, quote: hit.source === "speech" ? hit.text : "" }, from: button }));
  return button;
}

start();
