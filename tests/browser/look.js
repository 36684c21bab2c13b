// Looks at a page as people do, wide and narrow, light and dark, and by keyboard. Prints what it finds as JSON.
//   node look.js PAGE.html PATH-OF-CHROMIUM
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const VIEWS = [[1280, "light"], [390, "light"], [1280, "dark"], [390, "dark"]];
const [page, executablePath] = process.argv.slice(2);
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  console.log(JSON.stringify(await look()));
} finally {
  await browser.close();
}

async function look() {
  const tab = await browser.newPage();
  const requests = [], messages = [];
  tab.on("request", (request) => requests.push(request.url()));
  tab.on("console", (message) => messages.push(message.text()));
  await tab.goto(pathToFileURL(page).href);
  const first = await firstStop(tab);
  await tab.evaluate(axeSource);
  const views = [];
  for (const [width, colorScheme] of VIEWS) views.push(await view(tab, width, colorScheme));
  return { requests: requests.slice(1), messages, first, views };
}

async function view(tab, width, colorScheme) {
  await tab.setViewportSize({ width, height: 800 });
  await tab.emulateMedia({ colorScheme });
  const background = await tab.evaluate(() => getComputedStyle(document.querySelector("body > div")).backgroundColor);
  const overflowing = await tab.evaluate(listOverflowing);
  const { violations } = await tab.evaluate(() => axe.run());
  const bad = violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes[0].target.join(" ")}`);
  return { width, colorScheme, background, overflowing, violations: bad };
}

// Where the first press of the tab key leads, and whether it is seen there.
async function firstStop(tab) {
  await tab.keyboard.press("Tab");
  return tab.evaluate(() => {
    const { left, top } = document.activeElement.getBoundingClientRect();
    return { name: document.activeElement.className, seen: left >= 0 && top >= 0 };
  });
}

// What reaches out of the window and is not in a box of its own that scrolls.
function listOverflowing() {
  const broad = document.documentElement.clientWidth;
  const outside = [...document.querySelectorAll("body *")].filter(
    (one) => one.getBoundingClientRect().right > broad + 1 && !one.closest(".scrolling"));
  const scrolls = document.documentElement.scrollWidth > broad ? ["the page itself"] : [];
  return [...scrolls, ...outside.map((one) => `${one.tagName} ${one.textContent.slice(0, 40)}`)].slice(0, 5);
}
