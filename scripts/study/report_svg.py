"""Plots by gnuplot as inline SVG whose colours are the page's: a colour is plotted under a number and
becomes a variable of the style sheet, so that one picture serves each theme."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

from study.report_html import TEMPLATES, Markup, template

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
xml.register_namespace("", SVG[1:-1])


def colours():
    """The style sheet's variables by the colour that gnuplot plots for them."""
    first_block = template("report.css").split("}", 1)[0]
    names = re.findall(r"^\s*--([\w-]+): *light-dark", first_block, re.MULTILINE)
    return {f"#0000{number:02x}": name for number, name in enumerate(names, 1)}


def settings_of(values):
    """gnuplot's assignments."""
    for name, value in values.items():
        yield f"{name} = '{value}'" if isinstance(value, str) else f"{name} = {value}"


def plot(script, size, values, tables):
    """Runs a script of template/ on tables of rows; returns the SVG as gnuplot writes it."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, rows in tables.items():
            paths[name] = os.path.join(folder, name)
            with open(paths[name], "w", encoding="utf-8") as file:
                file.writelines("\t".join(str(cell) for cell in row) + "\n" for row in rows)
        palette = {"colour_" + name.replace("-", "_"): code for code, name in colours().items()}
        given = palette | paths | values | {"width": size[0], "height": size[1]}
        if not shutil.which("gnuplot"):
            sys.exit("report: gnuplot is not installed (Debian: gnuplot-nox)")
        done = subprocess.run(
            ["gnuplot", "-e", "; ".join(settings_of(given)), "style.gp", script], cwd=TEMPLATES,
            capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        raise RuntimeError(f"gnuplot {script}: {done.stderr}")
    return done.stdout


def themed(text, name, label):
    """The SVG for the page: the theme's colours, ids of its own, a label, and no empty groups."""
    root = xml.fromstring(text)
    codes = colours()
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (SVG + "title", SVG + "desc"):
                parent.remove(child)
    for node in root.iter():
        recolour(node, codes)
        own_ids(node, name)
    prune(root)
    root.attrib = {"viewBox": root.get("viewBox"), "role": "img", "aria-label": label}
    return Markup(xml.tostring(root, encoding="unicode"))


def recolour(node, codes):
    """Numbers that stand for a variable become it; the font is the page's."""
    for key, value in list(node.attrib.items()):
        if match := re.fullmatch(r"rgb\( *(\d+), *(\d+), *(\d+)\)", value):
            value = f"#{int(match[1]):02x}{int(match[2]):02x}{int(match[3]):02x}"
        if value in codes:
            node.set(key, f"var(--{codes[value]})")
    node.attrib.pop("font-family", None)


def own_ids(node, name):
    """Two pictures on a page may not share an id."""
    if identity := node.get("id"):
        node.set("id", f"{name}-{identity}")
    if target := node.attrib.pop(HREF, None):
        node.set("href", target.replace("#", f"#{name}-"))
    for key, value in node.attrib.items():
        node.set(key, re.sub(r"url\(#", f"url(#{name}-", value))


def prune(node):
    """Drops groups that draw nothing, and definitions that nothing uses."""
    used = {value for each in node.iter() for value in re.findall(
        r"#([\w-]+)", " ".join(v for k, v in each.attrib.items() if k != "id"))}

    def keep(child):
        if child.tag == SVG + "defs":
            for definition in list(child):
                if definition.get("id") not in used:
                    child.remove(definition)
        for below in list(child):
            if not keep(below):
                child.remove(below)
        return child.tag != SVG + "g" or len(child)

    for child in list(node):
        if not keep(child):
            node.remove(child)
