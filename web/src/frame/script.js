// Makes the pages smoother; every one of them works without it. It has no text of its own: what it shows stands in the
// page. It keeps nothing, and asks nobody but this server.

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---- times in the viewer's zone -------------------------------------------------------------------

const moment = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeStyle: "short" });
const ofThisYear = new Intl.DateTimeFormat(navigator.language, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(navigator.language, { dateStyle: "full", timeStyle: "long" });
const hour = new Intl.DateTimeFormat(navigator.language, { hour: "numeric" });
const relative = new Intl.RelativeTimeFormat(navigator.language, { numeric: "auto", style: "short" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

const age = (at) => {
  const seconds = Math.round((at - Date.now()) / 1000);
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
};

/** A moment in full, without the year when it is this one. */
const full = (at) => (at.getFullYear() === new Date().getFullYear() ? ofThisYear : moment).format(at);

const say = (time) => {
  const at = new Date(time.dateTime);
  if (isNaN(at)) return;
  const style = "age" in time.dataset ? age : "hour" in time.dataset ? hour.format : full;
  const text = style(at);
  if (time.textContent !== text) time.textContent = text;
  time.title ||= exact.format(at);
};

const tellTimes = (root = document) => all("time[datetime]", root).forEach(say);
setInterval(() => all("time[data-age]").forEach(say), 15_000);

// ---- parts of a page put in place of older ones -----------------------------------------------------

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

/** An element's id. A form's property of that name is its field `id`. */
const idOf = (element) => element.getAttribute("id");

/** What must outlive a swap: ticked rows, the focus, open details. */
const remember = (part) => {
  const active = part.contains(document.activeElement) ? document.activeElement : null;
  return {
    ticked: new Set(all("input[name=id]:checked", part).map((box) => box.value)),
    focus: active && (idOf(active) ? `#${CSS.escape(idOf(active))}`
      : active.name && active.value !== undefined ? `[name="${CSS.escape(active.name)}"][value="${CSS.escape(active.value)}"]`
      : active.dataset.row ? `[data-row="${CSS.escape(active.dataset.row)}"]` : null),
    row: active?.closest("tr")?.dataset.row,
    open: all("details[open][id]", part).map(idOf),
  };
};

const restore = (part, { ticked, focus, row, open }) => {
  all("input[name=id]", part).forEach((box) => { box.checked ||= ticked.has(box.value); });
  open.forEach((id) => one(`#${CSS.escape(id)}`, part)?.setAttribute("open", ""));
  const target = (focus && one(focus, part)) ?? (row && one(`tr[data-row="${CSS.escape(row)}"]`, part));
  target?.focus({ preventScroll: true });
};

/** Puts the elements with these ids of another page into this one; after an act no row is chosen any more. False when it
    has none of them but the notice, which every page has. */
const swap = (page, ids, acted = false) => {
  let found = false;
  for (const id of ids) {
    const [now, next] = [document.getElementById(id), page.getElementById(id)];
    if (!now || !next) continue;
    found ||= id !== "notice";
    if (!acted && now.isEqualNode(next) && id !== "notice") continue;
    const kept = remember(now);
    tellTimes(next);
    const fresh = document.importNode(next, true);
    now.replaceWith(fresh);
    if (acted) kept.ticked.clear();
    restore(fresh, kept);
    equip(fresh);
  }
  return found;
};

let shown = location.pathname + location.search;

/** The window now shows this page, at this address. */
const arrive = (page, address) => {
  document.title = page.title;
  history.pushState(null, "", address);
  shown = location.pathname + location.search;
};

addEventListener("popstate", () => { if (location.pathname + location.search !== shown) location.reload(); });

let busy = 0;
const whileBusy = async (work) => {
  const mark = setTimeout(() => document.body.setAttribute("aria-busy", "true"), 100);
  busy += 1;
  try {
    return await work();
  } finally {
    clearTimeout(mark);
    busy -= 1;
    if (!busy) document.body.removeAttribute("aria-busy");
  }
};

/** Fetches a page of ours. Whoever has been signed out meanwhile goes to the sign-in. */
const fetchPage = async (address, options = {}) => {
  const response = await fetch(address, { redirect: "follow", ...options });
  if (response.redirected && new URL(response.url).pathname === "/sign-in") {
    location.assign(response.url);
    return new Promise(() => {});
  }
  if (!(response.headers.get("content-type") ?? "").startsWith("text/html")) throw new Error("not a page");
  return { page: parse(await response.text()), address: response.url, good: response.ok };
};

const failed = () => one("#failed");
const trouble = (is) => { if (failed()) failed().hidden = !is; };

/** Fetches and swaps; when that cannot be, the browser does it the plain way. */
const follow = (ids, address, options, plain, remembered) => whileBusy(async () => {
  try {
    const answer = await fetchPage(address, options);
    trouble(false);
    const swapped = swap(answer.page, ids, options?.method === "POST");
    if (swapped || !answer.good) {
      swap(answer.page, ["notice"]);
      if (remembered && swapped) arrive(answer.page, answer.address);
      return;
    }
    document.documentElement.replaceChild(document.importNode(answer.page.body, true), document.body);
    arrive(answer.page, answer.address);
    scrollTo(0, 0);
    start();
  } catch {
    if (options) trouble(true);
    else plain();
  }
});

const idsOf = (element) => element.dataset.swap.split(" ").filter(Boolean);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-swap]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  follow(idsOf(link), link.href, undefined, () => location.assign(link.href), true);
});

// ---- forms ------------------------------------------------------------------------------------------

const ask = (text, label) => new Promise((resolve) => {
  const dialog = one("#sure");
  one("#sure-text", dialog).textContent = text;
  one("button[value=yes]", dialog).textContent = label;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  dialog.showModal();
});

const sureForms = new WeakSet();

const fieldsOf = (form, button) => {
  const fields = new URLSearchParams(new FormData(form, button));
  if (sureForms.delete(form)) fields.set("sure", "yes");
  return fields;
};

const questionOf = (form, button) => {
  const question = button?.dataset.confirm ?? form.dataset.confirm;
  const count = all("input[name=id]:checked", form).length;
  return question?.replaceAll("{n}", count);
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.method === "dialog" || event.defaultPrevented) return;
  const question = questionOf(form, button);
  if (question && !sureForms.has(form)) {
    event.preventDefault();
    if (!await ask(question, button?.dataset.label ?? button?.textContent ?? "")) return;
    sureForms.add(form);
    form.requestSubmit(button);
    return;
  }
  if (!("swap" in form.dataset)) {
    if (sureForms.delete(form)) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "sure", value: "yes" }));
    return;
  }
  event.preventDefault();
  const fields = fieldsOf(form, button);
  const address = new URL(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? "", location.href);
  if (form.method === "get") {
    [...fields].filter(([, value]) => value === "").forEach(([name]) => fields.delete(name));
    address.search = fields;
    follow(idsOf(form), address, undefined, () => location.assign(address), true);
  } else {
    follow(idsOf(form), address, { method: "POST", body: fields }, undefined, false);
  }
});

// ---- chosen rows ------------------------------------------------------------------------------------

const count = (form) => {
  const boxes = all("input[name=id]", form);
  const chosen = boxes.filter((box) => box.checked).length;
  all("[data-needs-rows]", form).forEach((button) => { button.disabled = !chosen; });
  all("[data-chosen]", form).forEach((text) => {
    text.textContent = chosen ? text.dataset.chosen.replace("{n}", chosen) : "";
  });
  const every = one("[data-all]", form);
  if (every) {
    every.checked = chosen > 0 && chosen === boxes.length;
    every.indeterminate = chosen > 0 && chosen < boxes.length;
  }
};

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-rows]");
  if (form) {
    if ("all" in event.target.dataset) all("input[name=id]", form).forEach((box) => { box.checked = event.target.checked; });
    count(form);
  }
  if ("submit" in (event.target.dataset ?? {})) event.target.form?.requestSubmit();
});

let lastBox = null;
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("form[data-rows] input[name=id]");
  if (!box) return;
  const boxes = all("input[name=id]", box.form);
  const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) boxes.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
  lastBox = box;
  count(box.form);
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-close]")) event.target.closest(".notice").remove();
  const opener = event.target.closest?.("[data-open]");
  if (opener) {
    event.preventDefault();
    one(opener.dataset.open)?.showModal();
  }
});

// ---- news -------------------------------------------------------------------------------------------

let stream = null;
const due = new Set();
let looking = false;

/** Looks at the page again, for the parts that wait for these topics. */
const look = async () => {
  if (looking || document.hidden || !due.size || one("dialog[open]") || busy) return;
  looking = true;
  const topics = new Set(due);
  due.clear();
  try {
    const answer = await fetchPage(location.href, { headers: { "x-look": "1" } });
    trouble(false);
    const parts = all("[data-live]").filter((part) => part.dataset.live.split(" ").some((topic) => topics.has(topic)));
    if (answer.good) swap(answer.page, parts.map(idOf));
  } catch {
    topics.forEach((topic) => due.add(topic));
  }
  looking = false;
};

const listen = () => {
  const topics = [...new Set(all("[data-live]").flatMap((part) => part.dataset.live.split(" ")))].sort().join(" ");
  if (document.hidden || !topics) {
    stream?.close();
    stream = null;
    return;
  }
  if (stream?.topics === topics && stream.readyState !== EventSource.CLOSED) return;
  stream?.close();
  stream = new EventSource(`/frame/news?topics=${encodeURIComponent(topics)}`);
  stream.topics = topics;
  for (const topic of topics.split(" ")) stream.addEventListener(topic, () => { due.add(topic); look(); });
};

setInterval(look, 1000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) all("[data-live]").forEach((part) => part.dataset.live.split(" ").forEach((topic) => due.add(topic)));
  listen();
  look();
});

/** Appends what a stream sends, and keeps to the end while the reader is there. */
const tail = (element) => {
  if (element.tailing) return;
  element.tailing = new EventSource(element.dataset.tail);
  const lines_max = Number(element.dataset.tailMax ?? 1000);
  element.tailing.onmessage = (event) => {
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    const lines = parse(event.data).body;
    tellTimes(lines);
    element.append(...lines.childNodes);
    while (element.childNodes.length > lines_max) element.firstChild.remove();
    if (atEnd) element.scrollTop = element.scrollHeight;
  };
};

// ---- keyboard ---------------------------------------------------------------------------------------

const rows = () => all("main table.list tbody tr");
const currentRow = () => document.activeElement?.closest?.("table.list tbody tr");

const step = (by) => {
  const list = rows();
  if (!list.length) return;
  const at = list.indexOf(currentRow());
  const row = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)];
  row.tabIndex = -1;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
};

const keys = {
  "/": () => one("[data-search]")?.select(),
  j: () => step(1),
  k: () => step(-1),
  x: () => one("input[name=id]", currentRow() ?? document.createElement("tr"))?.click(),
  Enter: () => (document.activeElement === currentRow() ? one("td.title a, td a", currentRow())?.click() : undefined),
  n: () => one("a[rel=next]")?.click(),
  p: () => one("a[rel=prev]")?.click(),
  u: () => one("[data-undo]")?.click(),
  "?": () => one("#keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  const writes = event.target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (event.key === "Escape" && event.target.matches?.("[data-search]")) event.target.blur();
  if (writes || event.metaKey || event.ctrlKey || event.altKey || one("dialog[open]")) return;
  const act = keys[event.key];
  if (!act || (event.key === "Enter" && document.activeElement !== currentRow())) return;
  event.preventDefault();
  act();
});

// ---- the start --------------------------------------------------------------------------------------

/** What a part of a page needs once it is there. */
function equip(root) {
  all("[data-all], [data-close]", root).forEach((element) => { element.hidden = false; });
  (root.matches?.("form[data-rows]") ? [root] : all("form[data-rows]", root)).forEach(count);
  const form = root.closest?.("form[data-rows]");
  if (form) count(form);
  all("[data-tail]", root).forEach(tail);
  all("[data-scripted]", root).forEach((element) => { element.hidden = false; });
  listen();
}

function start() {
  tellTimes();
  equip(document.body);
}

start();
