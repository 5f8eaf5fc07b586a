// Shows what Pagefind finds for ?q=…; both sides are folded: no accents, no ligatures, no capitals.
const root = new URL("../", import.meta.url).href;
const told = document.getElementById("told");
const found = document.getElementById("found");
const field = document.querySelector("form.search input");
const query = new URLSearchParams(location.search).get("q") || "";

function folded(text) {
  const plain = text.replace(/œ/gi, "oe").replace(/æ/gi, "ae");
  return plain.normalize("NFD").replace(/[\u0300-\u036f]/g, "").normalize("NFC").toLowerCase();
}

function element(name, text, parent) {
  const made = document.createElement(name);
  made.textContent = text;
  parent.append(made);
  return made;
}

async function search() {
  const indexes = told.dataset.indexes.split(" ").map((name) => root + "assets/search/" + name + "/");
  const pagefind = await import(indexes[0] + "pagefind.js");
  await Promise.all(indexes.slice(1).map((index) => pagefind.mergeIndex(index)));
  const { results } = await pagefind.search(folded(query));
  for (const result of results.slice(0, 30)) {
    const { raw_url, url, meta } = await result.data();
    const item = element("li", "", found);
    item.className = "entry";
    const day = element("p", "", item);
    day.className = "label";
    element("time", meta.day, day);
    const link = element("a", meta.title, element("h2", "", item));
    link.href = root + (raw_url || url).replace(/^\//, "").replace(/\.html$/, "/index.html");
    if (meta.summary) {
      element("p", meta.summary, item);
    }
  }
  told.textContent = results.length ? told.dataset.found + results.length : told.dataset.none;
}

if (query.trim()) {
  field.value = query;
  search().catch(() => {
    told.textContent = told.dataset.failed;
  });
}
