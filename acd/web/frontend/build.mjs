// Builds ../static from src and the pinned packages. The result is committed: a machine without Node needs none.
// The names are fixed and the output depends on the sources alone, so that a test can build again and compare.
import { build } from "esbuild";
import { copyFile } from "node:fs/promises";

const to = "../static";

await build({
  entryPoints: [
    "wallboard.js",
    "wallboard.css",
    "desk.js",
    "desk.css",
    "floor.js",
    "floor.css",
    "operator.js",
    "operator.css",
    "phone.js",
    "phone.css",
    "reports.js",
    "reports.css",
    "htmx.js",
    "icon.svg",
  ].map((file) => `src/${file}`),
  outdir: to,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome109", "firefox115", "safari16.4"],
  charset: "utf8",
  legalComments: "inline",
  loader: { ".woff2": "copy", ".svg": "copy" },
  assetNames: "[name]",
  entryNames: "[name]",
  logLevel: "warning",
});
await copyFile("node_modules/@fontsource-variable/inter/LICENSE", `${to}/inter.LICENSE.txt`);
await copyFile("node_modules/htmx.org/LICENSE", `${to}/htmx.LICENSE.txt`);
await copyFile("node_modules/jssip/LICENSE.md", `${to}/jssip.LICENSE.txt`);
