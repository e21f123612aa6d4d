// The console's own behaviour: keys, kept drafts, what to do without a line. Pages work without it.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Drafts: half-written text outlives a reload, a lost line and a restarted server.
  // With the words is kept to whom they go: another may be the first to choose when they are found again.
  const key = (field) => `draft:${field.dataset.draft ?? field.dataset.choice}`;
  const drafts = () => $$("textarea[data-draft]");
  const choices = (root = document) => $$("select[data-choice]", root);
  let sent = null; // the drafts of what was sent just now: after it, single keys work again
  const keep = (area) => {
    try {
      for (const field of [area, ...choices(area.form)])
        if (area.value) localStorage.setItem(key(field), field.value); else localStorage.removeItem(key(field));
    } catch { /* a browser that keeps nothing still lets people work */ }
  };
  const restore = () => {
    for (const area of drafts()) {
      try { area.value ||= localStorage.getItem(key(area)) || ""; } catch { /* as above */ }
    }
    for (const choice of choices()) {
      try { choice.value = localStorage.getItem(key(choice)) ?? choice.value; } catch { /* as above */ }
    }
  };
  document.addEventListener("input", (event) => { if (event.target.matches?.("textarea[data-draft]")) keep(event.target); });
  document.addEventListener("change", (event) => { if (event.target.matches?.("select[data-choice]")) keep($("textarea", event.target.form)); });
  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement: form, response } = event.detail.ctx;
    if (!form?.matches?.("form")) return;
    $("#lost-act").hidden = response.status < 500;
    sent = response.status < 400 ? $$("textarea[data-draft]", form).map((area) => area.dataset.draft) : null;
    if (sent) for (const field of [...$$("textarea[data-draft]", form), ...choices(form)]) localStorage.removeItem(key(field));
  });

  // Events are hints. Without the stream the page asks every five seconds, and says that it does.
  let poll = null;
  const live = () => $("#live");
  const refresh = () => live() && htmx.trigger(live(), "refresh");
  const connected = (yes) => {
    if (yes) { clearInterval(poll); poll = null; } else poll ??= setInterval(refresh, 5000);
  };
  document.addEventListener("htmx:sse:after:connection", () => { connected(true); document.body.classList.remove("away"); refresh(); });
  for (const name of ["htmx:sse:error", "htmx:sse:close"]) document.addEventListener(name, () => connected(false));
  document.addEventListener("htmx:error", (event) => {
    const form = event.detail.ctx?.sourceElement;
    if (form?.matches?.("form")) $("#lost-act").hidden = false;
    else document.body.classList.add("away");
    if (form === live()) connected(false);
  });
  document.addEventListener("htmx:response:error", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    if (response.status === 401) location.reload();
    if (sourceElement === live()) connected(false);
    if (sourceElement?.id === "refetch" && response.status >= 500) document.body.classList.add("away");
    if (sourceElement?.matches?.("form") && [400, 403, 404, 429].includes(response.status)) $("#lost-act").hidden = false;
  });

  // Whoever writes on while an answer is on its way goes on where they write: letters that land beside it would be keys.
  let writing = null;
  let late = ""; // what was typed while it was away
  document.addEventListener("htmx:before:swap", (event) => {
    const at = document.activeElement;
    if (writing && at === document.body) return; // an answer right behind another: where they wrote is away already
    writing = event.detail.ctx?.sourceElement?.contains(at) ? null : at?.dataset?.draft ?? null;
  });
  const resume = () => {
    const area = document.activeElement?.dataset?.draft ? null : drafts().find((one) => one.dataset.draft === writing);
    if (!area) return false;
    const panel = area.closest(".panel");
    const tab = panel && $$("input[name=act]").find((one) => panel.matches(panelOf(one.id.slice(4))));
    if (tab) tab.checked = true;
    area.value += late;
    keep(area);
    area.focus({ preventScroll: true });
    area.setSelectionRange(area.value.length, area.value.length);
    return true;
  };

  // Who was refused goes on at the field that is wrong, else at what they are told: letters typed now would be keys.
  const refusal = () => {
    const told = $("#case [role=alert]");
    if (!told) return;
    told.tabIndex = -1;
    ($("#case [aria-invalid]") ?? told).focus();
  };

  // New cases are marked and said aloud, once.
  let known = new Set();
  const links = () => $$("#list .case-link");
  const remember = () => { known = new Set(links().map((link) => link.dataset.case)); };
  document.addEventListener("htmx:after:swap", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    if (sourceElement?.id === "refetch" && response?.status < 400) document.body.classList.remove("away");
    const fresh = links().filter((link) => !known.has(link.dataset.case));
    for (const link of fresh) link.classList.add("fresh");
    if (fresh.length) $("#said-aloud").textContent = fresh.slice(0, 3).map((link) => link.dataset.say).join(". ");
    remember();
    if (sourceElement?.name === "whom") keep($("textarea", sourceElement.form)); // who was found is a new choice
    restore();
    useful();
    const at = document.activeElement?.dataset?.draft;
    if (!resume()) {
      if (sent && (!at || sent.includes(at))) $("#case")?.focus({ preventScroll: true });
      else if (response?.status >= 400 && !writing && !document.activeElement.closest(".rail")) refusal();
    }
    writing = sent = null;
    late = "";
  });

  // Ready-made replies go where the writing is, behind what stands there already.
  const useful = () => { for (const button of $$("[data-insert]")) button.hidden = false; };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-insert]");
    if (!button) return;
    const area = document.getElementById(button.dataset.insert);
    area.value = [area.value.trimEnd(), button.previousElementSibling.textContent.trim()].filter(Boolean).join("\n\n");
    keep(area);
    area.focus();
    const gap = area.value.indexOf("[…]");
    if (gap >= 0) area.setSelectionRange(gap, gap + 3);
  });

  // Keys, as in the dialog behind "?".
  const move = (step) => {
    const all = links();
    if (!all.length) return;
    const at = all.findIndex((link) => link === document.activeElement || (document.activeElement === document.body && link.hasAttribute("aria-current")));
    all[Math.min(Math.max(at + step, 0), all.length - 1)].focus();
  };
  const panelOf = (name) => `.panel.${name === "note" ? "note-form" : name}`;
  const act = (name) => {
    const tab = $(`#act-${name}`);
    if (!tab) return;
    tab.checked = true;
    const panel = $(panelOf(name));
    const field = $("textarea", panel) || $("input:not([type=hidden])", panel);
    field?.scrollIntoView({ block: "center" });
    field?.focus();
  };
  const press = (name) => () => $(`[data-key="${name}"]`)?.click();
  const keys = {
    j: () => move(1), k: () => move(-1),
    r: () => act("reply"), n: () => act("note"), o: () => act("correct"), t: () => act("together"), h: () => act("hand_over"),
    e: () => act("escalate"), s: () => act("wait"), x: () => act("conclude"),
    "/": () => $("#q")?.focus(), "?": () => $("#keys")?.showModal(),
    ...Object.fromEntries([..."uciadl+-123"].map((name) => [name, press(name)])),
  };
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input:not([type=radio]), textarea, select");
    if (field && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return void field.form?.requestSubmit();
    if (field && event.key === "Escape") return void field.blur();
    if (writing && document.activeElement === document.body && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.key.length === 1) { event.preventDefault(); late += event.key; }
      return;
    }
    if (field || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const wanted = keys[event.key];
    if (wanted) { event.preventDefault(); wanted(); }
  });

  // What was said is played from where it was said.
  document.addEventListener("click", (event) => {
    const { sound, seek } = event.target.closest?.("[data-seek]")?.dataset ?? {};
    const player = sound && document.getElementById(sound);
    if (!player) return;
    player.currentTime = Number(seek);
    player.play();
  });

  document.addEventListener("DOMContentLoaded", () => { remember(); restore(); useful(); refusal(); });
})();
