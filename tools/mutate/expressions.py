"""Adds a switch to each mutation point of an expression. See points.py for the operators."""

import re

from clang.cindex import BinaryOperator as Binary
from clang.cindex import CursorKind as Kind
from clang.cindex import TypeKind

from points import (BOTH, COMPARISONS, EMPTY, RELATIONS, Edits, Point, children_of, digest_of,
                    inner, is_assignment, is_bool, is_chain, is_expression, is_negation, range_of,
                    text_of)

INTEGERS = {TypeKind.INT, TypeKind.UINT, TypeKind.LONG, TypeKind.ULONG}
ARITHMETIC = {"+": "sum", "-": "difference", "*": "product"}


class Expressions:
    """The points and edits of one file. `first` is the number of its first point."""

    def __init__(self, name, source: bytes, unit, first):
        self.name, self.source, self.unit = name, source, unit
        self.points, self.edits = [], Edits()
        self.number = first
        self.function = ""
        self.end = 0  # the end of the function that is read
        self.return_type = None  # of the function that is read; None in a lambda
        self.seen = {}

    def text(self, node):
        return text_of(self.source, node)

    def between(self, left, right):
        return self.source[left.extent.end.offset : right.extent.start.offset].decode().strip()

    def add(self, operator, node, after):
        digest = digest_of(operator, node)
        key = (self.function, operator, digest)
        self.seen[key] = self.seen.get(key, 0) + 1
        if self.seen[key] > 1:
            digest += f"#{self.seen[key]}"
        self.points.append(Point(self.number, self.name, self.function, operator, digest,
                                 node.extent.start.line, self.text(node), after))
        self.number += 1
        return self.number - 1

    def wrap(self, node, before, after=""):
        self.edits.wrap(*range_of(node), before, after)

    # --- boolean values ---

    def expression(self, node):
        if is_bool(node):
            self.boolean(node, BOTH)
        else:
            self.inside(inner(node))

    def boolean(self, node, allowed):
        """Adds switches that force the value of `node` to each value in `allowed`."""
        node = inner(node)
        children = children_of(node)
        if node.kind == Kind.PAREN_EXPR:
            self.boolean(children[0], allowed)
        elif is_chain(node):
            is_and = node.binary_operator == Binary.LAnd
            self.force(node, allowed - {is_and})
            for child in children:
                self.boolean(child, frozenset((is_and,)))
        elif is_negation(self.source, node) and is_chain(children[0]):
            self.boolean(children[0], frozenset(not value for value in allowed))
        elif node.kind == Kind.CXX_BOOL_LITERAL_EXPR:
            self.flip(node)
        else:
            self.force(node, allowed)
            self.inside(node)

    def force(self, node, allowed):
        allowed = allowed - {self.unsafe_value(node)}
        if not allowed:
            return
        as_true = self.add("true", node, "true") if True in allowed else 0
        as_false = self.add("false", node, "false") if False in allowed else 0
        self.wrap(node, f"mutant::condition({as_true}, {as_false}, static_cast<bool>(", "))")

    def unsafe_value(self, node):
        """The value that `node` must not be forced to have, or None.

        With this value, the code would dereference a pointer or an optional that has no value.
        """
        is_not = is_negation(self.source, node)
        if is_not:
            node = inner(children_of(node)[0])
        comparison = self.comparison(node)
        if comparison:
            operator, left, right = comparison
            if not self.text(right).endswith(".end()") and self.text(right) != "nullptr":
                return None
            is_not, node = is_not != (operator == "=="), left
        elif node.kind == Kind.CALL_EXPR and node.spelling not in ("operator bool", "has_value"):
            return None
        name = self.text(node).removesuffix(".has_value()")
        return not is_not if self.is_dereferenced(name, node.extent.end.offset) else None

    def is_dereferenced(self, name, start):
        name = re.escape(name)
        rest = self.source[start : self.end].decode()
        return re.search(rf"\*{name}\b|\b{name}->", rest) is not None

    def flip(self, node):
        number = self.add("flip", node, "false" if self.text(node) == "true" else "true")
        self.wrap(node, f"mutant::flip({number}, ", ")")

    # --- everything else ---

    def inside(self, node):
        """Adds the points inside an expression, but does not force its own boolean value."""
        comparison = self.comparison(node)
        if comparison:
            self.boundary(node, *comparison)
            for side in comparison[1:]:
                self.expression(side)
        elif self.is_message(node):
            return
        elif node.kind == Kind.LAMBDA_EXPR:
            self.lambda_body(node)
        elif is_negation(self.source, node):
            self.inside(inner(children_of(node)[0]))
        elif node.kind == Kind.INIT_LIST_EXPR:
            for child in children_of(node):
                self.initializer(child)
        else:
            self.arithmetic(node)
            self.call(node)
            targets = children_of(node)[:1] if is_assignment(node) else []
            for child in filter(is_expression, children_of(node)):
                self.inside(inner(child)) if child in targets else self.expression(child)

    def is_message(self, node):
        return inner(node).kind == Kind.CALL_EXPR and self.text(node).startswith("fmt::format(")

    def is_text(self, node):
        return self.is_message(node) or self.text(node).startswith('"')

    def lambda_body(self, node):
        return_type, self.return_type = self.return_type, None
        for child in children_of(node):
            if child.kind == Kind.COMPOUND_STMT:
                self.statement(child, tail=True)
            elif is_expression(child):
                self.expression(child)
        self.return_type = return_type

    def initializer(self, node):
        parts = children_of(node)
        if len(parts) != 2 or parts[0].kind != Kind.MEMBER_REF:
            self.expression(node)
            return
        member, value = parts
        if self.is_worth_omitting(member.referenced.type, value):
            owner = member.referenced.semantic_parent.type.spelling
            owner = owner.replace("(anonymous namespace)::", "")
            number = self.add("field", node, "")
            self.wrap(value, f"mutant::field<decltype({owner}::{member.spelling})>({number}, ", ")")
        self.expression(value)

    def is_worth_omitting(self, declared, value):
        text = self.text(value).strip()
        return (declared.kind != TypeKind.LVALUEREFERENCE and text not in EMPTY
                and not self.is_text(value)
                and not text.startswith("{") and not is_bool(value)
                and inner(value).kind != Kind.CXX_BOOL_LITERAL_EXPR)

    def comparison(self, node):
        """Operator, left and right side of a comparison, also if the compiler has rewritten it."""
        if node.kind == Kind.BINARY_OPERATOR:
            left, right = children_of(node)
            operator = self.between(left, right)
            return (operator, left, right) if operator in COMPARISONS else None
        is_call = node.kind in (Kind.CALL_EXPR, Kind.UNEXPOSED_EXPR)
        if not is_call or node.type.get_canonical().kind != TypeKind.BOOL:
            return None
        for one in node.walk_preorder():
            if range_of(one) != range_of(node) or one.kind != Kind.CALL_EXPR:
                continue
            parts = sorted(children_of(one), key=range_of)
            if len(parts) == 3 and self.text(parts[1]) in COMPARISONS:
                return self.text(parts[1]), parts[0], parts[2]
        return None

    def boundary(self, node, operator, left, right):
        if operator in RELATIONS:
            function, other = RELATIONS[operator]
            after = f"{self.text(left)} {other} {self.text(right)}"
            number = self.add("boundary", node, after)
            self.wrap(node, f"mutant::{function}({number}, ", ")")
            self.edits.replace(left.extent.end.offset, right.extent.start.offset, ", ")

    def arithmetic(self, node):
        operator, left, right = self.operands(node)
        if operator not in ARITHMETIC:
            return
        kept = right if operator == "*" and not self.has_type_of(left, node) else left
        kind = node.type.get_canonical()
        is_time = kind.spelling.removeprefix("const ").startswith("std::chrono::")
        if (kind.kind in INTEGERS or is_time) and self.has_type_of(kept, node):
            number = self.add("part", node, self.text(kept))
            self.wrap(node, f"mutant::{ARITHMETIC[operator]}({number}, ", ")")
            self.edits.replace(left.extent.end.offset, right.extent.start.offset, ", ")

    def operands(self, node):
        parts = sorted(children_of(node), key=range_of)
        if node.kind == Kind.BINARY_OPERATOR:
            return self.between(*parts), *parts
        if node.kind == Kind.CALL_EXPR and len(parts) == 3:
            return self.text(parts[1]), parts[0], parts[2]
        return None, None, None

    def has_type_of(self, operand, node):
        types = [one.type.get_canonical().spelling for one in (inner(operand), node)]
        return types[0].removeprefix("const ") == types[1].removeprefix("const ")

    def call(self, node):
        parts = children_of(node)
        if node.kind != Kind.CALL_EXPR or node.referenced is None or not parts:
            return
        name, parent = node.referenced.spelling, node.referenced.semantic_parent
        is_std = parent is not None and parent.spelling == "std"
        callee, *arguments = parts
        texts = [self.text(one) for one in arguments]
        if name == "value_or" and len(arguments) == 1:
            number = self.add("default", node, texts[0])
            dot = self.source.rindex(b".", *range_of(callee))
            self.wrap(node, f"mutant::value_or({number}, ")
            self.edits.replace(dot, arguments[0].extent.start.offset, ", ")
        elif is_std and name in ("max", "min") and len(arguments) == 2:
            self.limit(node, callee, arguments, texts)
        elif is_std and name == "clamp" and len(arguments) == 3:
            value, low, high = texts
            self.limit(node, callee, arguments,
                       [f"std::min({value}, {high})", f"std::max({value}, {low})"])

    def limit(self, node, callee, arguments, parts):
        numbers = ", ".join(str(self.add("part", node, part)) for part in parts)
        called = self.text(callee).replace("std::", "mutant::", 1)
        start, end = callee.extent.start.offset, arguments[0].extent.start.offset
        self.edits.replace(start, end, f"{called}({numbers}, ")
