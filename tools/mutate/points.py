"""Finds the mutation points of a C++ file by its structure, with libclang.

Operators. An operator at one place in the code is one mutant:

  true, false  a condition, an operand of && or ||, or any other boolean value has this value. An
               operand of && is only forced to true, which drops it. The value false would make the
               whole expression false, which is a mutant already. With ||, true and false are
               exchanged.
  flip         a boolean literal has the other value
  boundary     < is <=, <= is <, > is >=, >= is >
  removed      a statement that calls or assigns is not executed
  jump         a return, break or continue is not executed
  empty        a function returns an empty object or a null pointer instead of a value
  label        a case label matches nothing
  never        a function in a table returns an empty result
  part         std::max and std::min are their first or second argument, std::clamp has no limit,
               a sum has no second term, a product only the factor that has its type
  default      value_or() returns the default although there is a value
  initial      a variable that is not const begins with an empty value
  field        a designated initializer is left out
  constant     a named integer is one less

Some changes are not mutants, because they say little about the tests:

  - A test that kills a mutant of the same code would detect these changes too: != instead of ==, a
    negation, a chain of && forced to true, an if whose only statement is removed, an empty result
    after a condition that also returns an empty result.
  - These changes have no defined behavior: a condition is forced, and then a pointer or an optional
    without a value is dereferenced; a function ends without a result.
  - These changes only change the text of a message: the arguments of fmt::format, assigned texts.
"""

import hashlib
from dataclasses import dataclass, field

from clang.cindex import BinaryOperator as Binary
from clang.cindex import CursorKind as Kind
from clang.cindex import Index, TypeKind

RELATIONS = {"<": ("less", "<="), "<=": ("less_equal", "<"),
             ">": ("greater", ">="), ">=": ("greater_equal", ">")}
COMPARISONS = {*RELATIONS, "==", "!="}
ASSIGNMENTS = ("operator=", "operator+=", "operator-=")
EMPTY = {"{}", "nullptr", "std::nullopt", '""'}
BOTH = frozenset((True, False))


@dataclass
class Point:
    """One mutant: where it is, and the source before and after."""

    number: int
    file: str
    function: str
    operator: str
    digest: str  # of the structure, without names and literals; the second point with it has "#2"
    line: int
    before: str
    after: str

    def address(self):
        return (self.file, self.function, self.operator, self.digest)


@dataclass
class Edits:
    """Changes of a text. Wrapped ranges may nest. Of two equal ranges, the first one is outside."""

    wraps: list = field(default_factory=list)  # start, end, before, after
    replacements: list = field(default_factory=list)  # start, end, text

    def wrap(self, start, end, before, after=""):
        self.wraps.append((start, end, before, after))

    def replace(self, start, end, text):
        self.replacements.append((start, end, text))

    def apply(self, source: bytes) -> bytes:
        events = []
        for layer, (start, end, before, after) in enumerate(self.wraps):
            events.append((start, 1, -end, layer, start, before))
            events.append((end, 0, -start, -layer, end, after))
        for start, end, text in self.replacements:
            events.append((start, 2, 0, 0, end, text))
        out, position = [], 0
        for start, _, _, _, end, text in sorted(events):
            out += [source[position:start], text.encode()]
            position = end
        return b"".join(out + [source[position:]])


def text_of(source: bytes, node) -> str:
    return source[node.extent.start.offset : node.extent.end.offset].decode()


def range_of(node):
    return node.extent.start.offset, node.extent.end.offset


def children_of(node):
    """The children with text in the node: no default arguments, and no code of the compiler."""
    start, end = range_of(node)
    found = []
    for child in node.get_children():
        first, last = range_of(child)
        if first < last and start <= first and last <= end:
            found.append(child)
    return found


def is_expression(node):
    return node.kind.is_expression()


def is_bool(node):
    """A boolean value, not a variable that is assigned or bound."""
    if not is_expression(node) or node.type.get_canonical().kind != TypeKind.BOOL:
        return False
    return node.kind not in (Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR) and not is_assignment(node)


def is_assignment(node):
    if node.kind == Kind.COMPOUND_ASSIGNMENT_OPERATOR:
        return True
    if node.kind == Kind.BINARY_OPERATOR:
        return node.binary_operator == Binary.Assign
    return node.kind == Kind.CALL_EXPR and node.spelling in ASSIGNMENTS


def is_chain(node):
    """True for a && b and a || b, with or without parentheses."""
    node = inner(node)
    while node.kind == Kind.PAREN_EXPR:
        node = inner(children_of(node)[0])
    return node.kind == Kind.BINARY_OPERATOR and node.binary_operator in (Binary.LAnd, Binary.LOr)


def is_negation(source, node):
    return node.kind == Kind.UNARY_OPERATOR and text_of(source, node).startswith("!")


def inner(node):
    """The node below implicit conversions, which have its range."""
    while node.kind == Kind.UNEXPOSED_EXPR:
        below = [child for child in children_of(node)
                 if range_of(child) == range_of(node) and is_expression(child)]
        if len(below) != 1:
            break
        node = below[0]
    return node


def digest_of(operator, node):
    shape = [operator]

    def walk(one):
        if one.kind != Kind.UNEXPOSED_EXPR:
            shape.append(one.kind.name)
            if one.kind == Kind.BINARY_OPERATOR:
                shape.append(one.binary_operator.name)
        for child in one.get_children():
            walk(child)

    walk(node)
    return hashlib.sha1(" ".join(shape).encode()).hexdigest()[:6]


def parse(path, arguments):
    unit = Index.create().parse(str(path), args=arguments)
    errors = [str(one) for one in unit.diagnostics if one.severity >= 3]
    if errors:
        raise SystemExit(f"{path} cannot be parsed: {errors[0]}")
    return unit
