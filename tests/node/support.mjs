// Prints as JSON what each client does not support (wholly or in part) of the HTML files named, by caniemail.com's data.
// Usage: node support.mjs CLIENT,CLIENT… FILE…
import { readFileSync } from "node:fs";
import { caniemail } from "caniemail";

const [clients, ...files] = process.argv.slice(2);
const found = {};
for (const client of clients.split(",")) {
  found[client] = { unsupported: new Set(), partial: new Set(), unmeasured: new Set() };
  for (const file of files) {
    let html = readFileSync(file, "utf8");
    for (;;) {
      try {
        const { issues } = caniemail({ clients: [client], html });
        for (const list of issues.errors.values()) list.forEach((i) => found[client].unsupported.add(i.title));
        for (const list of issues.warnings.values()) list.forEach((i) => found[client].partial.add(i.title));
        break;
      } catch (error) {
        // It throws at a property that nobody has measured on a client: told apart, and taken out of the next try.
        const property = /Feature "([^"]+)" not found/.exec(error.message)?.[1];
        const rest = property && html.replaceAll(new RegExp(`(?<=[;"{\\s])${property}:[^;"}]*;?`, "g"), "");
        if (!rest || rest === html) throw error;
        found[client].unmeasured.add(property);
        html = rest;
      }
    }
  }
}
console.log(JSON.stringify(found, (_, value) => (value instanceof Set ? [...value].sort() : value)));
