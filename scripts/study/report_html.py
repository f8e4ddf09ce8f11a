"""The few elements that the report is made of. What they look like is template/report.css."""
import html
import os
import re
import string

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "template")


class Markup(str):
    """Text that is HTML already."""


class Cell(Markup):
    """A cell of a table."""


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


def cell(content, **attributes):
    """A cell with anything in it."""
    return Cell(element("td", content, **attributes))


def figure_of(record):
    """A figure of the raw data, which it names."""
    return element("data", number(record["value"]), value=record["value"],
                   data_record=record["place"], data_boot=record["boot"])


def figure_cell(record):
    """A cell with such a figure, or a dash where there is none."""
    return cell(figure_of(record) if record else "–")


def text_cell(content):
    """A cell with words: its column is aligned left, and its lines break."""
    return cell(content, class_="text")


def paragraph(sentences):
    """Sentences as one text; what stands between asterisks is emphasised."""
    return Markup(re.sub(r"\*(.+?)\*", lambda match: element("b", Markup(match[1])),
                         escape(" ".join(sentences))))


def number(value):
    """A figure as the report writes it: whole ones grouped, others with what digits they need."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"


def size(value):
    """Bytes for people."""
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.3g} {unit}"
        value /= 1024
    return f"{value:.3g} GiB"


def percent(share):
    """0.0312 as 3.1 %."""
    value = 100 * share
    return (f"{value:,.0f}" if abs(value) >= 10 else
            f"{value:.1f}" if abs(value) >= 0.095 else f"{value:.2g}") + "\N{NO-BREAK SPACE}%"


def table(caption, head, rows):
    """A table in a box of its own that scrolls; a row's first cell is its heading."""
    texts = {place for row in rows for place, content in enumerate(row)
             if isinstance(content, Cell) and 'class="text"' in content[:20]}
    header = element("tr", [element("th", title, scope="col", class_="text" if place in texts else None)
                            for place, title in enumerate(head)])
    body = [element("tr", [element("th", row[0], scope="row")] +
                    [content if isinstance(content, Cell) else cell(content) for content in row[1:]])
            for row in rows]
    whole = element("table", [element("caption", element("span", caption)), element("thead", header),
                              element("tbody", body)])
    scrolling = element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)
    return Markup(scrolling + sources(whole))


def sources(content):
    """Links to the boots that the figures in it are from."""
    boots = sorted(set(re.findall('data-boot="(.*?)"', content)))
    links = Markup(", ".join(element("a", boot[:8], href=f"#boot-{boot}") for boot in boots))
    return element("p", ["From boot " if len(boots) == 1 else "From boots ", links],
                   class_="sources") if boots else ""


def details(summary, content, is_open=False):
    """What can be hidden, and is unless told."""
    return element("details", [element("summary", summary), content], open="" if is_open else None)
