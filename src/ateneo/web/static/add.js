// Adding recordings: files are sent one by one, then become a job, which is watched to its end.

import { byId, el, request, send, t } from "./dom.js";

const problem = byId("problem");
const drop = byId("drop");
const stages = ["probe", "words", "frames", "slide-text", "passages", "summary", "index"];

byId("files").addEventListener("change", (event) => { sendAll([...event.target.files]); event.target.value = ""; });
for (const name of ["dragover", "dragenter"]) addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); sendAll([...event.dataTransfer.files]); });
byId("folder")?.addEventListener("submit", (event) => { event.preventDefault(); start({ folder: byId("path").value.trim() }); });

const options = () => ({ language: byId("language").value || null, speech: byId("speech").checked, thorough: byId("thorough").checked });

async function start(what) {
  problem.textContent = "";
  try {
    await send("POST", "/api/jobs", { ...what, ...options() });
  } catch (error) {
    problem.textContent = error.message;
  }
}

async function sendAll(files) {
  if (!files.length) return;
  problem.textContent = "";
  try {
    const { upload } = await send("POST", "/api/uploads", {});
    let kept = 0;
    const refused = [];
    for (const file of files) await sendOne(upload, file).then(() => (kept += 1), (error) => refused.push(error.message));
    if (kept) await start({ upload });
    if (refused.length) problem.textContent = refused.join(" · ");
  } catch (error) {
    problem.textContent = error.message;
  }
}

/** XMLHttpRequest, because fetch does not tell how much was sent. */
function sendOne(upload, file) {
  const bar = el("progress", { max: 1, value: 0, "aria-label": t("sending", { name: file.name }) });
  const stop = el("button", { type: "button", class: "plain" }, t("cancel"));
  const row = el("li", {}, el("div", { class: "job-head" }, el("strong", {}, t("sending", { name: file.name })), stop), bar);
  byId("sending").append(row);
  return new Promise((done, fail) => {
    const call = new XMLHttpRequest();
    call.open("PUT", `/api/uploads/${upload}/${encodeURIComponent(file.name)}`);
    call.upload.addEventListener("progress", (event) => event.lengthComputable && (bar.value = event.loaded / event.total));
    call.addEventListener("load", () => (call.status < 300 ? done() : fail(new Error(message(call)))));
    call.addEventListener("error", () => fail(new Error(t("offline"))));
    call.addEventListener("abort", () => fail(new Error(`${file.name}: ${t("state_cancelled")}`)));
    call.addEventListener("loadend", () => row.remove());
    stop.addEventListener("click", () => call.abort());
    call.send(file);
  });
}

function message(call) {
  try {
    return JSON.parse(call.responseText).error.message;
  } catch {
    return `${call.status}`;
  }
}

// --- progress ---

const rows = new Map();
const source = new EventSource("/api/jobs/events");
source.addEventListener("jobs", (event) => show(JSON.parse(event.data).jobs));

function show(jobs) {
  byId("idle").hidden = jobs.length > 0;
  for (const [id, row] of rows) if (!jobs.some((job) => job.id === id)) row.remove(), rows.delete(id);
  [...jobs].reverse().forEach((job) => {
    if (!rows.has(job.id)) {
      rows.set(job.id, el("li", { "data-job": job.id }));
      byId("jobs").prepend(rows.get(job.id));
    }
    const row = rows.get(job.id);
    const text = JSON.stringify(job);
    if (row.text !== text) draw(row, job);
    row.text = text;
  });
}

function draw(row, job) {
  const focused = row.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  const act = (name) => el("button", { type: "button", class: "plain", "data-act": name, onclick: () => post(job, name) }, t(name));
  const living = ["waiting", "running"].includes(job.state);
  const items = job.items.map(item);
  row.dataset.state = job.state;
  row.replaceChildren(
    el("div", { class: "job-head" }, el("strong", {}, new Date(job.made).toLocaleString(document.documentElement.lang)),
      el("span", { class: `state ${job.state}` }, t(`state_${job.state}`)), living ? act("cancel") : job.state === "done" ? null : act("retry")),
    job.problem ? el("p", { class: "problem" }, job.problem) : "",
    el("ul", { class: "items" }, items));
  if (focused) row.querySelector("[data-act]")?.focus();
}

function item(one) {
  const at = stages.indexOf(one.stage);
  const done = ["done", "duplicate"].includes(one.state) ? 1 : one.state === "running" ? (Math.max(0, at) + one.fraction) / stages.length : 0;
  const name = one.talk ? el("a", { href: `/talks/${one.talk}` }, one.label) : el("span", {}, one.label);
  const state = one.state === "running" && one.stage ? t(`stage_${one.stage}`) : t(`state_${one.state}`);
  return el("li", { "data-state": one.state }, el("div", { class: "job-head" }, name, el("span", { class: `state ${one.state}` }, state)),
    el("progress", { max: 1, value: done, "aria-label": `${one.label}: ${state}` }),
    one.problems.map((line) => el("p", { class: "problem" }, line)));
}

async function post(job, name) {
  try {
    await request(`/api/jobs/${job.id}/${name}`, { method: "POST" });
  } catch (error) {
    problem.textContent = error.message;
  }
}

// --- what is missing, and how to get it ---

request("/api/doctor").then((found) => {
  const rows = [...found.engines, ...found.models].filter((row) => !row.ok && row.get);
  if (rows.length)
    byId("missing").append(el("details", { class: "note" }, el("summary", {}, t("missing")),
      el("ul", {}, rows.map((row) => el("li", {}, el("strong", {}, row.name), ` ${row.detail} `, el("code", {}, row.get))))));
}).catch(() => {});
