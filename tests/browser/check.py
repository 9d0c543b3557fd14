#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens reports in headless Chromium and says what is wrong with them: requests, complaints on the
console, horizontal overflow at three widths and on paper, text of too little contrast (light and
dark), what is lost without JavaScript.

    tests/browser/check.py REPORT.html… [--screenshots FOLDER]

First it checks itself on a page that has all of these faults. Without Chromium it says so and ends well."""

import argparse
import base64
import pathlib
import shutil
import sys
import tempfile
import time

from devtools import Chromium

WIDTHS = (360, 768, 1280)
PAPER = 718  # A4 at 96 pixels an inch, less margins of 10 mm

# WCAG 2.2, 1.4.3: text of at least 4.5 : 1 (3 : 1 from 24 px, or 18.66 px bold), over what is really behind it.
CONTRAST = """(() => {
  const channels = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const luminance = (c) => {
    const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = channels(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const name = (e) => e ? e.tagName + '.' + (e.getAttribute('class') || '') : '';
  const faults = new Set(), seen = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || ['SCRIPT', 'STYLE', 'TITLE'].includes(e.tagName)) continue;
    // Elements of one kind in the same surroundings look alike.
    const kind = [e, e.parentElement, e.parentElement?.parentElement, e.closest('section, aside, nav, figure')].map(name).join(' < ');
    if (seen.has(kind)) continue;
    if (!e.getClientRects().length) continue;
    seen.add(kind);
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const ink = channels(e instanceof SVGElement ? style.fill : style.color).slice(0, 3);
    const a = luminance(ink), b = luminance(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if (ratio < least) faults.add(`${e.tagName.toLowerCase()}.${e.getAttribute('class') || ''} ${ratio.toFixed(2)} "${walk.currentNode.textContent.trim().slice(0, 30)}"`);
  }
  return [...faults].slice(0, 8);
})()"""

SORTED = """(() => {
  const table = [...document.querySelectorAll('table.sortable')].find((t) => t.tBodies[0].rows.length > 1);
  if (!table) return true;
  const column = table.tHead.rows[0].cells.length - 1;
  table.tHead.rows[0].cells[column].click();
  const keys = [...table.tBodies[0].rows].map((r) => Number(r.cells[column].dataset.value ?? r.cells[column].textContent));
  return keys.every((k, i) => !i || Number.isNaN(k) || !(k < keys[i - 1]));
})()"""


def with_script(browser, file):
    """Everything that is looked at once for each width and colour scheme."""
    found = []
    for scheme, widths in (("light", WIDTHS), ("dark", WIDTHS[-1:])):
        page = browser.page().media(scheme=scheme).size(widths[-1]).open(file)
        found += [f"{scheme}: asks for {url}" for url in page.requests()]
        found += [f"{scheme}: the console says {text}" for text in page.complaints()]
        found += [f"{scheme}: contrast of {text}" for text in page.evaluate(CONTRAST)]
        for width in widths:
            found += too_wide(page.size(width), width, scheme)
        if not page.evaluate(SORTED):
            found.append("a click on a column's heading does not sort the table")
        page.close()
    return found


def too_wide(page, width, how):
    wide = page.content_width()
    return [f"{how}: {wide} pixels wide in a window of {width}"] if wide > width else []


def without_script(browser, file):
    page = browser.page().media().without_script().size(WIDTHS[0]).open(file)
    found = too_wide(page, WIDTHS[0], "without JavaScript")
    root = page.call("DOM.getDocument", depth=1)["root"]["nodeId"]
    html = page.call("DOM.getOuterHTML", nodeId=root)["outerHTML"]
    if 'class="js"' in html:
        found.append("JavaScript was not off")
    nodes = page.call("DOMSnapshot.captureSnapshot", computedStyles=[])
    shown = " ".join(nodes["strings"][i] for i in nodes["documents"][0]["layout"]["text"] if i >= 0)
    found += [f"without JavaScript: '{word}' is not shown" for word in ("Comparison", "95 % interval")
              if word not in shown]
    drawings = page.call("DOM.querySelectorAll", nodeId=root, selector="svg.plot .line")["nodeIds"]
    if not drawings:
        found.append("without JavaScript: no curve is drawn")
    page.close()
    return found


def on_paper(browser, file):
    page = browser.page().media("print").size(PAPER).open(file)
    found = too_wide(page, PAPER, "print")
    if page.evaluate("[...document.querySelectorAll('nav, .scale')].some((e) => e.getClientRects().length)"):
        found.append("print: what can be clicked is printed")
    if not base64.b64decode(page.call("Page.printToPDF")["data"]).startswith(b"%PDF"):
        found.append("print: gives no PDF")
    page.close()
    return found


def faults_of(browser, file):
    return with_script(browser, file) + without_script(browser, file) + on_paper(browser, file)


def screenshots(browser, file, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for width, scheme in [(width, "light") for width in WIDTHS] + [(WIDTHS[-1], "dark")]:
        page = browser.page().media(scheme=scheme).size(width).open(file)
        picture = base64.b64decode(page.call("Page.captureScreenshot")["data"])
        (folder / f"{file.stem}-{width}-{scheme}.png").write_bytes(picture)
        page.close()


FAULTY = """<!DOCTYPE html><html class="js"><body style="background:#fff"><nav>menu</nav>
<div style="width:2000px;color:#ccc">pale</div><img src="http://127.0.0.1:9/x.png">
<table class="sortable"><thead><tr><th>n</th></tr></thead><tbody><tr><td>2</td></tr><tr><td>1</td></tr></tbody></table>
<script>console.error('oh'); missing();</script></body></html>"""
EXPECTED = ("asks for http://127.0.0.1:9/x.png", "the console says ['oh']", "the console says Uncaught", "contrast of div",
            "light: 2008 pixels wide in a window of 360", "does not sort", "'Comparison' is not shown", "JavaScript was not off",
            "no curve is drawn", "print: 2008 pixels wide", "print: what can be clicked")


def check_itself(browser):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "faulty.html"
        file.write_text(FAULTY)
        found = faults_of(browser, file)
    missed = [fault for fault in EXPECTED if not any(fault in one for one in found)]
    return [f"the check does not see: {fault} (it saw {found})" for fault in missed]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", nargs="+", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path, help="pictures of each report go here")
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("tests/browser: SKIPPED, there is no Chromium here (apt-get install chromium)")
        return 0
    began = time.monotonic()
    with Chromium(program) as browser:
        found = check_itself(browser)
        for file in options.reports:
            found += [f"{file}: {fault}" for fault in faults_of(browser, file)]
            if options.screenshots:
                screenshots(browser, file, options.screenshots)
    for fault in found:
        print(f"tests/browser: {fault}", file=sys.stderr)
    print(f"tests/browser: {len(options.reports)} reports, {len(found)} faults, {time.monotonic() - began:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
