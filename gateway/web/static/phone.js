// Calls are answered in this window: registered with the provider by a token of the gateway, which is told every half
// minute that somebody is here, for as long as that is so. Whoever closes the window, or loses the line, also while they
// talk, is rung on their ordinary telephone.
(() => {
  "use strict";
  const $ = (selector) => document.querySelector(selector);
  const root = $("#softphone");
  const HERE = 30_000, RENEW = 50 * 60_000;
  let device = null, call = null, beat = null, renewal = null, registered = false;

  const post = (path, fields = {}) => fetch(`/console/phone/${path}`, {
    method: "POST",
    headers: { "X-CSRF-Token": root.dataset.csrf },
    body: new URLSearchParams(fields),
  });
  const token = async () => {
    const answer = await post("token");
    if (!answer.ok) throw new Error(`token: ${answer.status}`);
    return (await answer.json()).token;
  };
  const show = (state) => {
    for (const words of root.querySelectorAll("[data-state]")) words.hidden = words.dataset.state !== state;
    $("#phone-on").hidden = !["off", "lost"].includes(state);
    $("#phone-off").hidden = state !== "on";
    for (const id of ["take", "pass"]) $(`#phone-${id}`).hidden = state !== "ringing";
    for (const id of ["mute", "end"]) $(`#phone-${id}`).hidden = state !== "talking";
    document.title = document.title.replace(/^(☎ )?/, state === "ringing" ? "☎ " : "");
  };
  const here = (answers) => post("here", { answers: answers ? "yes" : "no" }).catch(() => {});
  const is = (now) => {
    registered = now;
    here(now);
  };
  const stop = (state) => {
    clearInterval(beat);
    clearTimeout(renewal);
    const gone = device;
    device = call = null;
    gone?.destroy();
    is(false);
    show(state);
  };
  const renew = async (mine, wait = RENEW) => {
    try {
      const fresh = await token();
      if (device === mine) mine.updateToken(fresh);
    } catch { wait = HERE; }
    if (device === mine) renewal = setTimeout(renew, wait, mine);
  };

  const ringing = (incoming) => {
    if (call) return void incoming.reject();
    call = incoming;
    $("#phone-mute").setAttribute("aria-pressed", "false");
    show("ringing");
    const over = () => {
      if (call !== incoming) return;
      call = null;
      if (device && !registered) stop("lost");
      else show(device ? "on" : "off");
    };
    for (const name of ["cancel", "disconnect", "reject", "error"]) incoming.on(name, over);
    incoming.on("accept", () => show("talking"));
  };
  const start = async () => {
    show("connecting");
    try {
      device = new Twilio.Device(await token(), { logLevel: "error", closeProtection: true });
      device.on("incoming", ringing);
      device.on("registered", () => { is(true); if (!call) show("on"); });
      device.on("unregistered", () => { is(false); if (device && !call) show("connecting"); });
      device.on("error", (error, troubled) => {
        if (!call) stop("lost");
        else if (!troubled) is(false);
      });
      await device.register();
      if (!device) return;
      beat = setInterval(() => { if (registered) here(true); }, HERE);
      renewal = setTimeout(renew, RENEW, device);
    } catch { stop("lost"); }
  };

  $("#phone-on").addEventListener("click", start);
  $("#phone-off").addEventListener("click", () => stop("off"));
  $("#phone-take").addEventListener("click", () => call?.accept());
  $("#phone-pass").addEventListener("click", () => call?.reject());
  $("#phone-end").addEventListener("click", () => call?.disconnect());
  $("#phone-mute").addEventListener("click", (event) => {
    const muted = !call?.isMuted();
    call?.mute(muted);
    event.target.setAttribute("aria-pressed", String(muted));
  });
  addEventListener("pagehide", () => {
    if (device) navigator.sendBeacon("/console/phone/here", new URLSearchParams({ answers: "no", csrf: root.dataset.csrf }));
  });
})();
