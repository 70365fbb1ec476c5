// The library's filters work as one types; without this script the button does it.

import { byId } from "./dom.js";

const form = byId("filters");
const PAUSE = 250; // ms after the last letter
let timer = null;
let turn = 0;

form.classList.add("live");
form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, PAUSE); });

async function show() {
  const mine = ++turn;
  const given = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  const place = `/talks${given.size ? `?${given}` : ""}`;
  const answer = await fetch(place, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== turn || !page.getElementById("talks")) return;
  byId("talks").replaceChildren(...page.getElementById("talks").childNodes);
  history.replaceState({}, "", place);
}
