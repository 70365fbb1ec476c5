// What every script stands on: words of the interface, elements made safely, requests with readable errors.

const texts = JSON.parse(document.getElementById("texts").textContent);

/** The interface's words for a key, with {parts} put in. */
export const t = (key, parts = {}) =>
  (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in parts ? parts[name] : whole));

export const byId = (id) => document.getElementById(id);

/** An element with attributes and children. Text goes in as text, never as markup. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Seconds as M:SS or H:MM:SS. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** The JSON that a path answers; throws an Error with the server's own words. */
export async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: "application/json", ...options.headers }, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(t("offline"));
  }
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  const found = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(found?.error?.message ?? `${answer.status}`);
  return found;
}

export const send = (method, path, body) =>
  request(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", Accept: "application/json" } });

/** Leaves a field that was sent, where a keyboard on the glass covers the answer. */
export const putAway = (field) => matchMedia("(pointer: coarse)").matches && field.blur();

/** Says something to everybody, screen readers too, for a while. */
export function tell(message) {
  const place = byId("told");
  place.textContent = message;
  place.classList.add("shown");
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => place.classList.remove("shown"), 5000);
}

/** TITLE. Speaker. Date, as a heading that leads to the talk. */
export function heading(talk, second) {
  const place = `/talks/${talk.id}${second === undefined ? "" : `?t=${Math.floor(second)}`}`;
  return el("h3", { class: "talk-heading", lang: talk.language },
    el("a", { href: place }, talk.title.replace(/\.$/, "")), 
    el("span", {}, talk.speakers.length ? `. ${talk.speakers.join(", ")}` : "", talk.date ? [". ", el("span", { class: "date" }, talk.date)] : ""));
}

/** Small letters without accents, ñ as n; as long as the text itself, so that places compare. */
export const fold = (text) =>
  Array.from(text.toLowerCase(), (letter) => letter.normalize("NFD")[0]).join("");

/** A picture of a slide, sharp on every screen. */
export const slide = (talk, path, alt = "") => {
  const source = `/api/talks/${talk}/${path}`;
  return el("img", { src: `${source}?width=320`, srcset: `${source}?width=640 2x`, alt, width: 320, height: 180, loading: "lazy", decoding: "async" });
};
