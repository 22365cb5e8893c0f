"use strict";
// The page says everything without this. It adds copying, finding, and parts that open for links and for paper; with
// many boards it also fills a board's part from the run document when that part is opened.
(() => {
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const make = (tag, text, ...children) => {
    const node = document.createElement(tag);
    if (text) node.textContent = visible(text);
    node.append(...children);
    return node;
  };

  // As bringup.text.visible: what a board sent may hold controls that would turn the text around it.
  const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]/gu;
  const visible = (text) => String(text).replaceAll("\r\n", "\n").replace(UNSAFE, (one) => {
    const code = one.codePointAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });

  const copying = (block) => {
    const text = block.querySelector("pre");
    const button = make("button", "Copy");
    button.type = "button";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(text);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    block.append(button);
  };

  // The run document has one board a line, so that one board can be read without reading them all.
  let lines;
  const documentLines = () => (lines ??= (async () => {
    const carrier = document.getElementById("bringup-run");
    if (carrier.type !== "application/gzip") return carrier.textContent.split("\n");
    const packed = Uint8Array.from(atob(carrier.textContent), (one) => one.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return (await new Response(stream).text()).split("\n");
  })());

  const ORDER = ["fail", "error", "warn", "pass", "skip"];
  const list = (items) => make("ul", "", ...items.map((one) => make("li", "", make("code", one))));
  const verdictRow = (one) => {
    const result = make("span", one.outcome);
    result.className = `outcome ${one.outcome}`;
    const name = make("span", one.heap ? `${one.id} on ${one.heap}` : one.id);
    name.className = "under";
    const asked = make("th", one.title, name);
    asked.scope = "row";
    const seen = make("td");
    if (one.cause) seen.append(make("p", `${one.cause.text} (${one.cause.id})`));
    if (one.reason) seen.append(make("p", one.reason));
    if (one.evidence.length) seen.append(Object.assign(list(one.evidence), { className: "facts" }));
    const advice = [...(one.remedy ?? []), ...(one.changes ?? []).flatMap((change) => [`${change.file}:`, ...change.lines])];
    if (advice.length) {
      const block = make("figure", "", make("figcaption", "What to change"), make("pre", "", make("code", advice.join("\n"))));
      block.className = "remedy";
      copying(block);
      seen.append(block);
    }
    return make("tr", "", make("td", "", result), asked, seen);
  };
  const fill = async (part) => {
    const line = (await documentLines())[Number(part.dataset.board) + 1];
    const board = JSON.parse(line.replace(/,$/, ""));
    const facts = { "Board config": board.config, Kernel: board.kernel, Record: board.record, ...board.identity };
    const identity = make("dl", "", ...Object.entries(facts).filter(([, value]) => value !== null)
      .map(([name, value]) => make("div", "", make("dt", name), make("dd", value))));
    identity.className = "identity";
    const rows = board.verdicts.sort((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome)).map(verdictRow);
    const head = make("tr", "", ...["Outcome", "Check", "Seen"].map((one) => Object.assign(make("th", one), { scope: "col" })));
    const table = make("table", "", Object.assign(make("caption", `All verdicts on ${board.serial}`), { className: "unseen" }),
      make("thead", "", head), make("tbody", "", ...rows));
    table.className = "cards checks verdicts";
    part.querySelector("div").replaceChildren(identity, table);
  };

  const openFor = (node) => {
    for (let fold = node && node.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  };
  const follow = () => {
    const name = location.hash.slice(1).replace(/%[0-9a-f]{2}/gi, (one) => String.fromCharCode(parseInt(one.slice(1), 16)));
    const target = document.getElementById(name);
    if (target) {
      openFor(target);
      target.scrollIntoView();
    }
  };

  const finder = () => {
    const nodes = all("[data-find]");
    if (nodes.length < 2) return;
    const form = make("form");
    form.className = "finder";
    form.setAttribute("role", "search");
    const [label, field, told] = [make("label", "Find"), make("input"), make("output")];
    label.htmlFor = field.id = "find";
    field.type = "search";
    field.autocomplete = "off";
    told.setAttribute("aria-live", "polite");
    form.append(label, field, told);
    let items;
    const find = () => {
      items ??= nodes.map((node) => ({ node, text: node.textContent.toLowerCase() }));
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const { node, text } of items) {
        const hit = words.every((word) => text.includes(word));
        if (node.hidden === hit) node.hidden = !hit;
        if (hit) shown += 1;
        if (hit && words.length && !node.dataset.board) openFor(node);
      }
      told.value = words.length ? `${shown} of ${items.length}` : "";
    };
    field.addEventListener("input", find);
    form.addEventListener("submit", (event) => event.preventDefault());
    document.querySelector(".tools").append(form);
  };

  // A page that was saved from a browser has these already.
  all(".finder, .remedy button").forEach((old) => old.remove());
  all(".remedy").forEach(copying);
  finder();
  if ("DecompressionStream" in window) {
    all("details[data-board]").forEach((part) => {
      part.addEventListener("toggle", () => fill(part), { once: true });
    });
    all("[data-script]").forEach((note) => { note.textContent = note.dataset.script; });
  }
  addEventListener("hashchange", follow);
  if (location.hash) follow();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open], [data-board])");
    closed.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));
})();
