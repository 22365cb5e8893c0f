"use strict";
// The page says everything without this; it adds copying, finding, and folded parts that open for links and for paper.
(() => {
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));

  for (const block of all(".remedy")) {
    const text = block.querySelector("pre");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
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
  }

  const openFor = (node) => {
    for (let fold = node && node.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  };
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) {
      openFor(target);
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", follow);
  if (location.hash) follow();

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));

  const items = all("[data-find]").map((node) => ({ node, text: node.textContent.toLowerCase() }));
  if (items.length > 1) {
    const finder = document.createElement("form");
    finder.className = "finder";
    finder.setAttribute("role", "search");
    finder.innerHTML = '<label for="find">Find a check</label><input id="find" type="search" autocomplete="off">' +
      '<output for="find" aria-live="polite"></output>';
    const [field, told] = [finder.querySelector("input"), finder.querySelector("output")];
    const find = () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const { node, text } of items) {
        node.hidden = !words.every((word) => text.includes(word));
        if (!node.hidden) shown += 1;
        if (!node.hidden && words.length) openFor(node);
      }
      told.value = words.length ? `${shown} of ${items.length}` : "";
    };
    field.addEventListener("input", find);
    finder.addEventListener("submit", (event) => event.preventDefault());
    document.querySelector("main").before(finder);
  }
})();
