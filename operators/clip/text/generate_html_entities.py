"""Writes html_entities.inc: the named character references of HTML5, as Python's html.entities.html5 lists them.

    python3 operators/clip/text/generate_html_entities.py > operators/clip/text/html_entities.inc
"""

import html.entities


def c_text(text):
    """A char32_t literal in ASCII; escaped as a whole, so that no escape can swallow a letter after it."""
    plain = all(" " <= c <= "~" and c not in '"\\' for c in text)
    return 'U"%s"' % (text if plain else "".join("\\x%x" % ord(c) for c in text))


def main():
    references = html.entities.html5
    print("// Made by generate_html_entities.py. Sorted by name; `true`: known without its semicolon too.")
    for name in sorted(n[:-1] for n in references if n.endswith(";")):
        legacy = "true" if name in references else "false"
        print('{"%s", %s, %s},' % (name, c_text(references[name + ";"]), legacy))


main()
