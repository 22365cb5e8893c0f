"use strict";
// The page is complete without this script. It adds copying, searching, and parts that open for links and for paper; with
// many boards it also fills a board's part from the run document when that part is opened.
(() => {
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const make = (tag, text, ...children) => {
    const node = document.createElement(tag);
    if (text) node.textContent = visible(text);
    node.append(...children);
    return node;
  };

  // As bringup.text.visible: text from a board may contain control characters that change how the text around it is shown.
  const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]/gu;
  const visible = (text) => String(text).replaceAll("\r\n", "\n").replace(UNSAFE, (character) => {
    const code = character.codePointAt(0);
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

  // Long work is cut into slices of so many milliseconds; between two of them the browser can draw and take input.
  const SLICE = 30;
  const pause = () => new Promise((resume) => { setTimeout(resume); });

  // The run document has one line per board, so that one board can be read without the others.
  let lines;
  const unpacked = async (base64) => {
    const text = atob(base64);
    const packed = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) packed[at] = text.charCodeAt(at);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream());
    const reader = stream.getReader();
    const texts = [""];
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const [first, ...rest] = piece.value.split("\n");
      texts[texts.length - 1] += first;
      texts.push(...rest);
    }
    return texts;
  };
  const documentLines = () => (lines ??= (async () => {
    const carrier = document.getElementById("bringup-run");
    return carrier.type === "application/gzip" ? unpacked(carrier.textContent) : carrier.textContent.split("\n");
  })());


  const list = (items) => make("ul", "", ...items.map((item) => make("li", "", make("code", item))));
  const verdictRow = (verdict) => {
    const result = make("span", verdict.outcome);
    result.className = `outcome ${verdict.outcome}`;
    const name = make("span", verdict.heap ? `${verdict.id} on ${verdict.heap}` : verdict.id);
    name.className = "under";
    const asked = make("th", verdict.title, name);
    asked.scope = "row";
    const seen = make("td");
    if (verdict.cause) seen.append(make("p", `${verdict.cause.text} (${verdict.cause.id})`));
    if (verdict.reason) seen.append(make("p", verdict.reason));
    if (verdict.evidence.length) seen.append(Object.assign(list(verdict.evidence), { className: "facts" }));
    const fix = [...(verdict.remedy ?? []), ...(verdict.changes ?? []).flatMap((change) => [`${change.file}:`, ...change.lines])];
    if (fix.length) {
      const block = make("figure", "", make("figcaption", "What to change"), make("pre", "", make("code", fix.join("\n"))));
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
    const rows = board.verdicts.sort((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome)).map(verdictRow);
    const head = make("tr", "", ...["Outcome", "Check", "Seen"].map((title) => Object.assign(make("th", title), { scope: "col" })));
    const table = make("table", "", Object.assign(make("caption", `All verdicts on ${board.serial}`), { className: "unseen" }),
      make("thead", "", head), make("tbody", "", ...rows));
    table.className = "cards checks verdicts";
    part.querySelector("div").replaceChildren(identity, table);
  };

  const openFor = (node) => {
    for (let fold = node && node.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  };
  const follow = () => {
    const name = location.hash.slice(1).replace(/%[0-9a-f]{2}/gi, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));
    const target = document.getElementById(name);
    if (target) {
      openFor(target);
      target.scrollIntoView();
    }
  };

  // With many boards, the counts on top choose which boards are shown.
  const OUTCOMES = ["fail", "error", "warn", "pass", "skip"];
  const outcomeOf = (node) => OUTCOMES.find((name) => node.querySelector(".outcome")?.classList.contains(name));
  const choosing = (count, only, find) => {
    const button = make("button");
    button.type = "button";
    button.className = "choose";
    button.ariaPressed = "false";
    button.append(...count.childNodes);
    button.addEventListener("click", () => {
      const name = outcomeOf({ querySelector: () => count });
      const on = !only.delete(name);
      if (on) only.add(name);
      button.ariaPressed = String(on);
      find();
    });
    count.append(button);
  };

  // The matrix is cut into tables that are laid out when they come into view; sorting puts rows into other tables.
  const WEIGHT = "FEW\u00b7\u2013";
  const sorting = () => {
    const tables = all(".matrix");
    if (!tables.length) return;
    const bodies = tables.map((table) => table.tBodies[0]);
    const rows = bodies.flatMap((body) => Array.from(body.rows));
    const sizes = bodies.map((body) => body.rows.length);
    const collator = new Intl.Collator(undefined, { numeric: true });
    const name = (row) => row.cells[0].querySelector("a").textContent;
    let sorted = null;
    const order = (column) => {
      if (column === 0) return rows.toSorted((a, b) => collator.compare(name(a), name(b)));
      const weight = new Map(rows.map((row) => [row, WEIGHT.indexOf(row.cells[column].textContent || "?") >>> 0]));
      return rows.toSorted((a, b) => weight.get(a) - weight.get(b));
    };
    const heads = Array.from(tables[0].tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = make("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", async () => {
        sorted = sorted === column ? null : column;
        heads.forEach((other, at) => {
          if (at === sorted) other.ariaSort = "ascending";
          else other.removeAttribute("aria-sort");
        });
        const wanted = sorted === null ? rows : order(column);
        let [began, at] = [performance.now(), 0];
        const mine = sorted;
        tables[0].ariaBusy = "true";
        for (const [index, body] of bodies.entries()) {
          if (performance.now() - began > SLICE) {
            await pause();
            if (mine !== sorted) return;
            began = performance.now();
          }
          body.replaceChildren(...wanted.slice(at, at + sizes[index]));
          at += sizes[index];
        }
        tables[0].ariaBusy = "false";
      });
    });
  };

  const finder = () => {
    const nodes = all("[data-find]");
    if (nodes.length < 2) return;
    const form = make("form");
    form.className = "finder";
    form.setAttribute("role", "search");
    const [label, field, count] = [make("label", "Find"), make("input"), make("output")];
    label.htmlFor = field.id = "find";
    field.type = "search";
    field.autocomplete = "off";
    count.setAttribute("aria-live", "polite");
    form.append(label, field, count);
    const items = nodes.map((node) => ({ node, outcome: outcomeOf(node) }));
    const only = new Set();
    let turn = 0;
    const find = async () => {
      turn += 1;
      const mine = turn;
      form.ariaBusy = "true";
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let [shown, began] = [0, performance.now()];
      for (const item of items) {
        if (performance.now() - began > SLICE) {
          await pause();
          if (mine !== turn) return;
          began = performance.now();
        }
        item.text ??= item.node.textContent.toLowerCase();
        const hit = (!only.size || only.has(item.outcome)) && words.every((word) => item.text.includes(word));
        if (item.node.hidden === hit) item.node.hidden = !hit;
        if (hit) shown += 1;
        if (hit && words.length && !item.node.dataset.board) openFor(item.node);
      }
      count.value = words.length || only.size ? `${shown} of ${items.length}` : "";
      form.ariaBusy = "false";
    };
    if (document.querySelector(".matrix")) all(".counts li").forEach((count) => choosing(count, only, find));
    field.addEventListener("input", find);
    form.addEventListener("submit", (event) => event.preventDefault());
    document.querySelector(".tools").append(form);
  };

  // A link for each row of a folded part, when it is opened: hundreds of links that few people use would make the page slow.
  const linking = (fold) => {
    const link = (node) => {
      const at = node.matches("tr") ? node.querySelector(".under") : node;
      const self = make("a", "#");
      self.className = "self";
      self.href = `#${node.id}`;
      self.ariaLabel = `Link to ${node.closest("tr").querySelector(".id").textContent}${at === node ? ` on ${node.textContent}` : ""}`;
      at.after(self);
    };
    fold.addEventListener("toggle", () => {
      if (!fold.querySelector("tbody .self")) all("tbody [id]", fold).forEach(link);
    });
  };

  // A page that was saved from a browser has these already.
  all(".finder, .remedy button").forEach((old) => old.remove());
  all(".sort, .choose").forEach((old) => old.replaceWith(...old.childNodes));
  all(".remedy").forEach(copying);
  all(".fold").forEach(linking);
  sorting();
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
