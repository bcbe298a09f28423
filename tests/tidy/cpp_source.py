"""A C++ source as the tidy rules see it: its text, and its code with comments, literals and directives blanked out."""

import re

TOKEN = re.compile(
    r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ )
  | (?P<raw>     \b(?:u8|[uUL])?R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)" )
  | (?P<string>  "(?:\\.|[^"\\\n])*" )
  | (?P<number>  \b\d(?:'?[\w.])* )
  | (?P<char>    '(?:\\.|[^'\\\n])+' )
    """,
    re.VERBOSE | re.DOTALL,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)[>\"]", re.MULTILINE)
CONTAINER = re.compile(r"^\s*(?:inline\s+)?(?:namespace|extern)\b")
TYPE = re.compile(r"^\s*(?:template\s*<.*>\s*)?(?:typedef\s+)?(?:class|struct|union|enum)\b", re.DOTALL)
ACCESS = re.compile(r"^\s*(?:public|private|protected)\s*:")


def blank(text):
    """Spaces for everything but line ends, so that positions and lines stay."""
    return re.sub(r"[^\n]", " ", text)


class CppSource:
    def __init__(self, text):
        self.text = text
        self.raw_string_lines = set()  # lines that a raw string touches
        without_literals = TOKEN.sub(self._blank_token, text)
        self.includes = [
            (self.line_at(match.start()), match.group(1))
            for match in INCLUDE.finditer(text)
            if without_literals[match.start() : match.end()].lstrip().startswith("#")
        ]
        self.code = DIRECTIVE.sub(lambda match: blank(match.group()), without_literals)

    def line_at(self, position):
        return self.text.count("\n", 0, position) + 1

    def _blank_token(self, match):
        if match.lastgroup == "number":
            return match.group().replace("'", " ")
        if match.group("raw") is not None:
            self.raw_string_lines.update(range(self.line_at(match.start()), self.line_at(match.end()) + 1))
        return blank(match.group())

    def functions(self):
        """(first line, number of lines) of every function body that stands in a namespace or a class."""
        bodies = []
        scopes = []  # per open brace: "container", or the position of a function's brace, or None for anything else
        head_start = 0
        initialisers = False  # between the brace initialisers of a constructor and its body
        for match in re.finditer(r"[{};]", self.code):
            position = match.start()
            in_container = all(scope == "container" for scope in scopes)
            if match.group() == "{":
                head = ACCESS.sub("", self.code[head_start:position])
                if not in_container:
                    scopes.append(None)
                elif CONTAINER.match(head) or TYPE.match(head):
                    scopes.append("container")
                else:
                    scopes.append(position if "(" in head or initialisers else None)
            elif match.group() == "}" and scopes:
                opened = scopes.pop()
                following = self.code[position + 1 : position + 200].lstrip()[:1]
                initialisers = isinstance(opened, int) and following in (",", "{")
                if isinstance(opened, int) and not initialisers:
                    first = self.line_at(opened)
                    bodies.append((first, self.line_at(position) - first + 1))
            if match.group() == ";":
                initialisers = False
            head_start = position + 1
        return bodies
