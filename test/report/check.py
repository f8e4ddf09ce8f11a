#!/usr/bin/env python3
"""Checks a report.html as a reader meets it; prints KTAP.

    check.py DIR              the report of a study's directory, in Chromium
    check.py --sample DIR     makes samples there, checks what their pages hold, and the same in Chromium

What needs Chromium or gnuplot is skipped without it.
"""
import argparse
import html.parser
import json
import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "scripts")]
import browser  # noqa: E402  pylint: disable=wrong-import-position
import sample  # noqa: E402  pylint: disable=wrong-import-position
from study import report, report_html  # noqa: E402  pylint: disable=wrong-import-position

FIGURES = ("tradeoff-model", "tradeoff-icount", "parts", "working-set", "added", "overhead", "peers")
KINDS = ("icount", "model", "exposure", "part", "wall")
DESKTOP, PHONE = (1200, 900), (390, 844)
READABLE, VISIBLE = 4.5, 3.0    # contrast of text and of marks, WCAG 2.2 1.4.3 and 1.4.11

# For each figure whether one of its plots is there to be seen, and says what it shows.
SHOWN = """[...document.querySelectorAll("figure.plot")].map(figure => [figure.id,
    [...figure.querySelectorAll("svg")].some(svg => svg.getBoundingClientRect().width > 100 &&
        svg.getAttribute("aria-label") && svg.querySelectorAll("path").length > 2),
    figure.querySelectorAll("details table").length > 0])"""
# Elements that reach out of the page, but for what scrolls in a box of its own.
OVERFLOWING = """[...document.querySelectorAll("main *")].filter(element =>
    element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".scroll, svg, .key i"))
    .map(element => element.outerHTML.slice(0, 80))"""
NUMBERS = """(() => { const {fields, records} = JSON.parse(document.getElementById("records").textContent);
    return [...document.querySelectorAll("[data-record]")].map(element => [
        records[element.dataset.record][fields.indexOf("value")], Number(element.getAttribute("value")),
        element.textContent]); })()"""
COLOURS = """(() => { const probe = document.body.appendChild(document.createElement("i"));
    const found = Object.fromEntries(%s.map(name => {
        probe.style.color = `var(--${name})`; return [name, getComputedStyle(probe).color]; }));
    probe.remove(); return found; })()"""


class Results:
    """KTAP, a line for each result."""

    def __init__(self):
        self.count = self.failed = 0
        print("KTAP version 1")

    def check(self, good, text, problem=""):
        """One result; problem says what was found instead."""
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}")
        if not good and problem:
            print(f"# {problem}")

    def skip(self, text, why):
        """One that cannot be tried here."""
        self.count += 1
        print(f"ok {self.count} - {text} # SKIP {why}")

    def end(self):
        """The plan; the exit status."""
        print(f"1..{self.count}")
        return self.failed > 0


class Page(html.parser.HTMLParser):
    """What a page holds, without a browser: figures, numbers, and addresses that it would load."""

    def __init__(self, path):
        super().__init__()
        self.figures, self.numbers, self.loads, self.open, self.text = [], [], [], None, None
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.open = found if "data-record" in found or found.get("id") == "records" else None
        if tag == "figure":
            self.figures.append(found["id"].removeprefix("figure-"))
        address = found.get("src") or found.get("href", "")
        if tag in ("script", "img", "link") and address not in ("", "data:,"):
            self.loads.append(address)

    def handle_data(self, data):
        if self.open and self.open.get("id") == "records":
            self.text = (self.text or "") + data
        elif self.open:
            self.numbers.append((int(self.open["data-record"]), data))
            self.open = None

    def records(self):
        """The raw data that the page carries."""
        raw = json.loads(self.text)
        return [{field: value for field, value in zip(raw["fields"], row) if value is not None}
                for row in raw["records"]]


def luminance(colour):
    """Of rgb(r, g, b), relative."""
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1:-1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    """Of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def weak(colours):
    """Pairs of colours that are too near each other, in words."""
    pairs = [("ink", "surface", READABLE), ("ink", "raised", READABLE), ("muted", "surface", READABLE),
             ("split", "surface", READABLE)]
    pairs += [("ink", name, READABLE) for name in colours if name.startswith("part-")]
    pairs += [(name, "surface", VISIBLE) for name in ("axis", "shared", "third")]
    return [f"{one} on {other}" for one, other, least in pairs
            if contrast(colours[one], colours[other]) < least]


def check_page(results, name, path, records, figures):
    """What can be said without a browser."""
    page = Page(path)
    results.check(set(page.figures) >= set(figures), f"{name}: every figure is there", str(page.figures))
    results.check(not page.loads, f"{name}: nothing is loaded from elsewhere", str(page.loads))
    results.check(page.records() == records, f"{name}: it carries the raw data")
    wrong = [(place, text) for place, text in page.numbers
             if report_html.number(records[place]["value"]) != text]
    results.check(page.numbers and not wrong, f"{name}: {len(page.numbers)} numbers are the data's",
                  str(wrong[:3]))


def check_view(results, view, width, dark, path):
    """What a reader sees in a window of that width, in one of the themes."""
    name = f"{width[0]} pixels, {'dark' if dark else 'light'}"
    view.open(path, *width, dark)
    shown = view.ask(SHOWN)
    results.check(shown and all(seen and table for _, seen, table in shown),
                  f"{name}: each of {len(shown)} figures is shown, with its table", str(shown))
    out = view.ask(OVERFLOWING)
    results.check(not out, f"{name}: nothing reaches out of the page", str(out[:3]))
    numbers = view.ask(NUMBERS)
    wrong = [found for found in numbers if found[0] != found[1] or
             report_html.number(found[0]) != found[2]]
    results.check(numbers and not wrong, f"{name}: {len(numbers)} numbers are the data's", str(wrong[:3]))
    names = [line.split(":")[0].strip()[2:] for line in report_html.template("report.css").splitlines()
             if "light-dark(" in line]
    colours = view.ask(COLOURS % json.dumps(names))
    results.check(not (pairs := weak(colours)), f"{name}: the colours can be told apart", ", ".join(pairs))
    other = view.ask("document.getElementById('theme').click(), getComputedStyle(document.body).color")
    results.check(other != colours["ink"], f"{name}: the button changes the theme")


def check_in_browser(results, path):
    """Everything that a browser is needed for."""
    if not browser.path():
        results.skip("the report in Chromium", "chromium is not installed; make study-check installs it")
        return
    with browser.Browser() as view:
        for width, dark in ((DESKTOP, False), (DESKTOP, True), (PHONE, False), (PHONE, True)):
            check_view(results, view, width, dark, path)
        results.check(not view.errors, "the console has no errors", str(view.errors[:3]))


def records_of(folder):
    """The records of a study."""
    with open(os.path.join(folder, "results.jsonl"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def check_samples(results, folder):
    """A study of everything, and one for each kind that lacks it: the page says what is not there."""
    sample.write(folder)
    path = report.write(folder)
    check_page(results, "all kinds", path, records_of(folder), FIGURES)
    with open(path, encoding="utf-8") as file:
        results.check('class="missing"' not in file.read(), "all kinds: nothing is said to be missing")
    for lacking in KINDS:
        part = os.path.join(folder, lacking)
        sample.write(part, [kind for kind in KINDS if kind != lacking])
        with open(report.write(part), encoding="utf-8") as file:
            results.check('class="missing"' in file.read(), f"no {lacking}: the page says so")
    return path


def main():
    """Checks one report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("folder")
    args = parser.parse_args()
    if args.sample and not shutil.which("gnuplot"):
        print("1..0 # SKIP gnuplot is not installed")
        return
    results = Results()
    if args.sample:
        path = check_samples(results, args.folder)
    else:
        path = os.path.join(args.folder, "report.html")
        check_page(results, "the study", path, records_of(args.folder), ())
    check_in_browser(results, path)
    sys.exit(results.end())


if __name__ == "__main__":
    main()
