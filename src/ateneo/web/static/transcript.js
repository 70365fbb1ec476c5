// A transcript that follows the recording, seeks, shows a quote, is searched, and is corrected line by line.

import { clock, el, fold, send, t } from "./dom.js";

const HANDS_OFF = 6000; // ms after somebody scrolls in which it does not follow

export class Transcript {
  constructor(root, { seek }) {
    this.root = root;
    this.seek = seek;
    this.rows = [];
    this.cues = [];
    this.now = -1;
    this.scrolled = 0;
    for (const name of ["wheel", "touchmove", "pointerdown"])
      root.addEventListener(name, () => (this.scrolled = Date.now()), { passive: true });
    root.addEventListener("keydown", (event) => this.walk(event));
  }

  /** Shows a transcript document of the API. */
  show(found) {
    this.found = found;
    this.cues = found.cues;
    this.now = -1;
    this.rows = this.cues.map((cue, n) => this.row(cue, n));
    const list = el("ol", { lang: found.language }, this.rows);
    for (const mark of found.marks.filter((one) => one.mark === "gap")) this.gap(list, mark);
    this.root.replaceChildren(list);
    this.rows[0]?.querySelector("button").setAttribute("tabindex", "0");
    this.root.scrollTop = 0;
  }

  row(cue, n) {
    const mark = this.found.marks.find((one) => one.mark !== "gap" && one.start < cue.end && cue.start < one.end);
    const button = el("button", { type: "button", class: "time", tabindex: "-1", "aria-label": t("play_from", { time: clock(cue.start) }) }, clock(cue.start));
    const text = el("p", {});
    this.fill(text, cue);
    const row = el("li", { class: mark ? `marked ${mark.mark}` : null }, button, text);
    if (mark) row.append(el("small", {}, t(`mark_${mark.mark}`)));
    row.addEventListener("click", (event) => this.choose(event, n));
    return row;
  }

  /** The caption's text, doubtful words told apart. */
  fill(place, cue, marks = []) {
    const spans = [...cue.doubtful.map(([from, to]) => [from, to, "doubt"]), ...marks].sort((a, b) => a[0] - b[0]);
    const parts = [];
    let at = 0;
    for (const [from, to, kind] of spans) {
      if (from < at) continue;
      parts.push(cue.text.slice(at, from));
      parts.push(kind === "doubt" ? el("span", { class: "doubt", title: t("doubtful") }, cue.text.slice(from, to)) : el("mark", { class: kind }, cue.text.slice(from, to)));
      at = to;
    }
    place.replaceChildren(...parts, cue.text.slice(at));
  }

  gap(list, mark) {
    const after = this.cues.findIndex((cue) => cue.start >= mark.start);
    const note = el("li", { class: "marked gap" }, el("span", { class: "time" }, clock(mark.start)), el("p", {}, t("mark_gap")));
    list.insertBefore(note, after < 0 ? null : this.rows[after]);
  }

  choose(event, n) {
    if (event.target.closest("textarea, form")) return;
    if (this.editing) return this.edit(n);
    if (String(getSelection()) && !event.target.closest("button")) return;
    this.seek(this.cues[n].start);
  }

  /** Arrow keys go from line to line; only one of them is in the order of Tab. */
  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = this.rows.findIndex((row) => row.contains(document.activeElement));
    if (!step || at < 0 || event.target.matches("textarea")) return;
    event.preventDefault();
    this.focus(Math.min(this.rows.length - 1, Math.max(0, at + step)));
  }

  focus(n) {
    this.root.querySelector("button.time[tabindex='0']")?.setAttribute("tabindex", "-1");
    const button = this.rows[n].querySelector("button.time");
    button.setAttribute("tabindex", "0");
    button.focus();
  }

  /** Goes with the recording. */
  follow(second) {
    let n = this.cues.length - 1;
    for (let low = 0, high = this.cues.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.cues[middle].start <= second + 0.05) (n = middle), (low = middle + 1);
      else (high = middle), (n = middle - 1);
    }
    if (n === this.now) return;
    this.rows[this.now]?.classList.remove("now");
    this.rows[this.now]?.removeAttribute("aria-current");
    this.now = n;
    if (n < 0) return;
    this.rows[n].classList.add("now");
    this.rows[n].setAttribute("aria-current", "true");
    if (Date.now() - this.scrolled > HANDS_OFF && !this.open) this.reveal(n);
  }

  /** Scrolls the transcript, never the page. */
  reveal(n) {
    const row = this.rows[n];
    if (!row || this.root.scrollHeight <= this.root.clientHeight) return;
    const top = row.offsetTop - this.root.clientHeight / 3;
    this.root.scrollTo({ top, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  /** Highlights a quote, letter by letter where it stands, else the captions of its time. */
  quote({ start, end, quote }) {
    const near = this.cues.map((cue, n) => ({ cue, n })).filter(({ cue }) => cue.end > start - 20 && cue.start < end + 20);
    const letters = [];
    for (const { cue, n } of near)
      for (let at = 0; at <= cue.text.length; at++) {
        const space = at === cue.text.length || /\s/.test(cue.text[at]);
        if (!space) letters.push([cue.text[at], n, at]);
        else if (letters.length && letters.at(-1)[0] !== " ") letters.push([" ", n, at]);
      }
    const place = quote ? letters.map(([letter]) => letter).join("").indexOf(quote.split(/\s+/).join(" ").trim()) : -1;
    const spans = new Map();
    if (place >= 0)
      for (const [letter, n, at] of letters.slice(place, place + quote.split(/\s+/).join(" ").trim().length)) {
        const [from, to] = spans.get(n) ?? [at, at];
        spans.set(n, [Math.min(from, at), Math.max(to, letter === " " ? to : at + 1)]);
      }
    else for (const { cue, n } of near) if (cue.end > start + 0.05 && cue.start < end - 0.05) spans.set(n, [0, cue.text.length]);
    for (const row of this.root.querySelectorAll(".quoted")) row.classList.remove("quoted");
    this.rows.forEach((row, n) => {
      const span = spans.get(n);
      if (span || row.querySelector("mark.quote")) this.fill(row.querySelector("p"), this.cues[n], span ? [[...span, "quote"]] : []);
      if (span) row.classList.add("quoted");
    });
    const first = Math.min(...spans.keys());
    this.scrolled = 0;
    if (Number.isFinite(first)) this.reveal(first);
  }

  /** Marks where the words stand; gives the rows that hold them. */
  search(words) {
    const wanted = fold(words.trim());
    this.hits = [];
    this.rows.forEach((row, n) => {
      const text = fold(this.cues[n].text);
      const spans = [];
      for (let at = wanted ? text.indexOf(wanted) : -1; at >= 0; at = text.indexOf(wanted, at + wanted.length)) spans.push([at, at + wanted.length, "hit"]);
      if (spans.length) this.hits.push(n);
      if (spans.length || row.querySelector("mark.hit")) this.fill(row.querySelector("p"), this.cues[n], spans);
    });
    return this.hits;
  }

  /** Opens a line to be corrected. */
  edit(n) {
    if (this.open?.n === n) return;
    this.closeEdit();
    const [cue, row] = [this.cues[n], this.rows[n]];
    const area = el("textarea", { rows: Math.max(2, cue.text.split("\n").length), "aria-label": t("correct_line", { time: clock(cue.start) }), maxlength: 5000 });
    area.value = cue.text;
    const problem = el("p", { class: "problem", role: "alert" });
    const form = el("form", {}, area, problem, el("div", { class: "buttons" },
      el("button", { type: "button", class: "plain", onclick: () => this.closeEdit(true) }, t("cancel")), el("button", {}, t("save"))));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.save(n, area.value, problem, form); });
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); form.requestSubmit(); }
      if (event.key === "Escape") { event.stopPropagation(); this.closeEdit(true); }
    });
    row.querySelector("p").hidden = true;
    row.querySelector("p").after(form);
    this.open = { n, form };
    area.focus();
  }

  closeEdit(back = false) {
    if (!this.open) return;
    const { n, form } = this.open;
    form.remove();
    this.rows[n].querySelector("p").hidden = false;
    this.open = null;
    if (back) this.focus(n);
  }

  async save(n, text, problem, form) {
    const cue = this.cues[n];
    const button = form.querySelector("button:not([type])");
    button.disabled = true;
    button.textContent = t("saving");
    try {
      const found = await send("PATCH", `/api/talks/${this.found.talk}/transcripts/${this.found.language}`, { start: cue.start, text, was: cue.text });
      const top = this.root.scrollTop;
      this.open = null;
      this.show(found);
      this.root.scrollTop = top;
      this.focus(Math.min(n, this.rows.length - 1));
      this.saved?.();
    } catch (error) {
      problem.textContent = error.message;
      button.disabled = false;
      button.textContent = t("save");
    }
  }
}
