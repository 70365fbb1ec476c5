// One recording at a time: the video (or sound), its captions, and its transcript beside it.

import { clock, el, request, t } from "./dom.js";
import { Transcript } from "./transcript.js";

const POLL = 1500; // ms between two looks at a copy that is being made
const talks = new Map();
const transcripts = new Map();

/** What is known of a talk, asked for once. */
export const talkOf = (id) => once(talks, `/api/talks/${id}`);
export const transcriptOf = (id, language) => once(transcripts, `/api/talks/${id}/transcripts/${language}`);

function once(known, path) {
  if (!known.has(path)) known.set(path, request(path).catch((error) => { known.delete(path); throw error; }));
  return known.get(path);
}

export class Player {
  constructor(root, { transcript, moved } = {}) {
    this.root = root;
    this.video = root.querySelector("video");
    this.screen = root.querySelector(".screen");
    this.cover = root.querySelector(".cover");
    this.moved = moved ?? (() => {});
    const place = transcript ?? root.querySelector(".transcript");
    this.transcript = place && new Transcript(place, { seek: (second) => this.seek(second, true) });
    for (const name of ["timeupdate", "seeking"])
      this.video.addEventListener(name, () => { this.transcript?.follow(this.time); this.moved(this.time); });
    this.video.addEventListener("error", () => this.video.getAttribute("src") && this.say(t("copy_failed")));
  }

  get time() {
    return this.wanted ?? this.video.currentTime;
  }

  /** Opens a talk at a second. `language` is that of the transcript to show, `quote` what to highlight in it. */
  async open(id, { at = 0, play = false, language, citation } = {}) {
    const turn = (this.turn = Symbol());
    const changed = this.talk?.id !== id;
    const [talk, playing] = await Promise.all([talkOf(id), changed ? request(`/api/talks/${id}/playing`) : this.playing]);
    if (turn !== this.turn) return;
    this.talk = talk;
    this.wanted = at;
    if (changed) await this.load(playing, turn);
    if (playing.state === "ready") this.seek(at, play);
    await this.read(language, citation);
  }

  async load(playing, turn) {
    this.playing = playing;
    this.video.removeAttribute("src");
    this.video.replaceChildren();
    this.screen.classList.toggle("sound", playing.type?.startsWith("audio/") ?? false);
    if (playing.state === "ready") {
      for (const { language } of this.talk.captions)
        this.video.append(el("track", { kind: "captions", srclang: language, label: language, src: `/api/talks/${this.talk.id}/captions/${language}.vtt` }));
      this.video.src = `/api/talks/${this.talk.id}/recording`;
      this.say("");
    } else if (playing.state === "absent") this.say(t("no_recording"));
    else if (playing.state === "failed") this.say(t("copy_failed"), { more: playing.problem });
    else {
      this.say(t("copy_waiting"), { fraction: playing.fraction });
      setTimeout(() => turn === this.turn && this.wait(turn), POLL);
    }
  }

  async wait(turn) {
    const playing = await request(`/api/talks/${this.talk.id}/playing`).catch(() => this.playing);
    if (turn !== this.turn) return;
    const at = this.wanted ?? 0;
    await this.load(playing, turn);
    if (playing.state === "ready") this.seek(at, false);
  }

  /** A word over the picture, with how far the copy is. */
  say(message, { more = "", fraction } = {}) {
    this.cover.hidden = !message;
    this.cover.replaceChildren(el("p", {}, message), more ? el("p", { class: "small" }, more) : "",
      fraction === undefined ? "" : el("progress", { max: 1, value: fraction, "aria-label": t("progress") }));
  }

  /** Goes to a second; plays where that is asked for. */
  seek(second, play) {
    this.wanted = second;
    const go = () => {
      this.video.currentTime = second;
      this.wanted = undefined;
      if (play) this.video.play().catch(() => {});
    };
    this.transcript?.follow(second);
    this.moved(second);
    if (this.video.readyState >= 1) go();
    else this.video.addEventListener("loadedmetadata", go, { once: true });
  }

  async read(language, citation) {
    if (!this.transcript) return;
    const known = this.talk.captions.map((one) => one.language);
    const wanted = [language, this.shown === this.talk.id ? this.language : null, this.talk.language, known[0]].find((one) => known.includes(one));
    if (!wanted) {
      this.transcript.root.replaceChildren(el("p", { class: "note" }, t("no_transcript")));
      this.shown = this.language = null;
      return;
    }
    if (this.shown !== this.talk.id || this.language !== wanted) {
      this.transcript.show(await transcriptOf(this.talk.id, wanted));
      [this.shown, this.language] = [this.talk.id, wanted];
    }
    this.transcript.follow(this.time);
    if (citation) this.transcript.quote(citation);
  }

  /** After a correction: what was kept of this talk is old. */
  forget() {
    talks.clear();
    transcripts.clear();
  }
}

/** The player beside an answer: opens at a citation, closes again. */
export class SidePlayer {
  constructor(root) {
    this.root = root;
    this.player = new Player(root);
    this.title = root.querySelector("h2 a");
    this.about = root.querySelector(".about");
    root.querySelector(".close").addEventListener("click", () => this.close());
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  async play(talk, { at, language, citation, from }) {
    this.from = from;
    this.root.hidden = false;
    document.body.classList.add("playing");
    this.title.textContent = talk.title;
    this.title.href = `/talks/${talk.id}?t=${Math.floor(at)}`;
    this.title.lang = talk.language ?? "";
    this.about.textContent = [talk.speakers.join(", "), talk.date, clock(at)].filter(Boolean).join(" · ");
    for (const one of document.querySelectorAll("[aria-current='true'].cite")) one.removeAttribute("aria-current");
    from?.setAttribute("aria-current", "true");
    await this.player.open(talk.id, { at, play: true, language, citation });
  }

  close() {
    this.player.video.pause();
    this.root.hidden = true;
    document.body.classList.remove("playing");
    this.from?.removeAttribute("aria-current");
    this.from?.focus();
  }
}
