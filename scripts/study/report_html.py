"""The few elements that the report is made of. What they look like is template/report.css."""
import html
import os
import string

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "template")


class Markup(str):
    """Text that is HTML already."""


def template(name):
    """The text of a file of templates."""
    with open(os.path.join(TEMPLATES, name), encoding="utf-8") as file:
        return file.read()


def fill(name, **values):
    """A template with its placeholders filled."""
    return Markup(string.Template(template(name)).substitute(
        {key: escape(value) for key, value in values.items()}))


def escape(content):
    """HTML of anything: text, markup, or a sequence of them."""
    if isinstance(content, Markup):
        return content
    if isinstance(content, (list, tuple)):
        return Markup("".join(escape(part) for part in content))
    return Markup(html.escape(str(content)))


def element(tag, content="", **attributes):
    """An element; class_ and data_x stand for class and data-x."""
    written = "".join(f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
                      for name, value in attributes.items() if value is not None)
    return Markup(f"<{tag}{written}>{escape(content)}</{tag}>")


def number(value):
    """A figure as the report writes it: whole ones grouped, others with what digits they need."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"


def percent(share):
    """0.0312 as 3.1 %."""
    value = 100 * share
    return (f"{value:,.0f}" if abs(value) >= 10 else
            f"{value:.1f}" if abs(value) >= 0.095 else f"{value:.2g}") + "\N{NO-BREAK SPACE}%"


def table(caption, head, rows, wide=False):
    """A table in a box of its own that scrolls; a row's first cell is its heading. Cells are text,
    markup, or elements td."""
    header = element("tr", [element("th", title, scope="col") for title in head])
    body = [element("tr", [element("th", row[0], scope="row")] +
                    [cell if str(cell).startswith("<td") and isinstance(cell, Markup)
                     else element("td", cell) for cell in row[1:]]) for row in rows]
    whole = element("table", [element("caption", element("span", caption)), element("thead", header),
                              element("tbody", body)])
    return element("div", whole, class_="scroll wide-table" if wide else "scroll", tabindex="0",
                   role="region", aria_label=caption)


def details(summary, content):
    """What is shown on demand."""
    return element("details", [element("summary", summary), escape(content)])
