"""Walks the functions and constants of one file and adds a mutant's switch at each point."""

from clang.cindex import CursorKind as Kind
from clang.cindex import TypeKind

from expressions import INTEGERS, Expressions
from points import BOTH, EMPTY, children_of, inner, is_assignment, is_bool, is_expression, range_of

JUMPS = {Kind.RETURN_STMT, Kind.BREAK_STMT, Kind.CONTINUE_STMT}
FUNCTIONS = {Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.CONVERSION_FUNCTION}
SCOPES = {Kind.NAMESPACE, Kind.STRUCT_DECL, Kind.CLASS_DECL, Kind.UNEXPOSED_DECL}


class Finder(Expressions):
    def find(self):
        self.dynamic = set()  # constants that depend on a switch
        self.declarations(self.unit.cursor)
        self.make_dynamic()
        return self

    def children_in_this_file(self, node):
        """The children that come from this file, not from an included one."""
        for child in node.get_children():
            file = child.location.file
            if file is not None and file.name == self.unit.spelling:
                yield child

    def declarations(self, node):
        for child in self.children_in_this_file(node):
            if child.kind in SCOPES:
                self.declarations(child)
            elif child.kind in FUNCTIONS and child.is_definition():
                self.function_body(child)
            elif child.kind == Kind.VAR_DECL:
                self.function = child.spelling
                self.variable(child)

    def function_body(self, function):
        parent = function.semantic_parent
        is_member = parent.kind in (Kind.STRUCT_DECL, Kind.CLASS_DECL)
        self.function = f"{parent.spelling}::" * is_member + function.spelling
        self.return_type = function.result_type.get_canonical()
        self.end = function.extent.end.offset
        for child in children_of(function):
            if child.kind == Kind.COMPOUND_STMT:
                self.statement(child, tail=True)

    # --- variables and tables ---

    def words_before_name(self, variable):
        start = variable.extent.start.offset
        return self.source[start : variable.location.offset].decode().split()

    def variable(self, variable):
        values = [child for child in children_of(variable) if is_expression(child)]
        first_number = self.number
        if "constexpr" in self.words_before_name(variable):
            for value in values:
                self.constant_value(value)
                self.constant(variable, value)
            # The address of Never::call is constexpr, so a "never" mutant does not make the table
            # dynamic.
            if any(one.number >= first_number and one.operator != "never" for one in self.points):
                self.dynamic.add(variable.get_usr())
        else:
            for value in values:
                self.initial(variable, value)
                self.expression(value)

    def initial(self, variable, value):
        """A switch for the first value of a variable that is not const."""
        words = self.words_before_name(variable)
        kind = variable.type.get_canonical()
        is_value = kind.kind in (TypeKind.RECORD, *INTEGERS) and not kind.is_const_qualified()
        if is_value and "auto" not in words and "=" in self.text(variable):
            text = self.text(value).strip()
            if text not in EMPTY and text != "0" and not text.startswith("{"):
                number = self.add("initial", variable, "")
                name = variable.type.spelling.replace("(anonymous namespace)::", "")
                self.wrap(value, f"mutant::field<{name}>({number}, ", ")")

    def constant_value(self, node):
        node = inner(node)
        referenced = node.referenced if node.kind == Kind.DECL_REF_EXPR else None
        if referenced is not None and referenced.kind == Kind.FUNCTION_DECL:
            number = self.add("never", node, "returns an empty result")
            called = f"mutant::Never<{number}, {self.text(node)}>::call"
            self.edits.replace(*range_of(node), called)
        elif node.kind == Kind.CXX_BOOL_LITERAL_EXPR:
            self.flip(node)
        elif node.kind not in (Kind.CALL_EXPR, Kind.LAMBDA_EXPR) or self.text(node).endswith("}"):
            for child in children_of(node):
                self.constant_value(child)

    def constant(self, variable, value):
        literals = [inner(value), *(inner(child) for child in children_of(value))]
        literal = next((one for one in literals if one.kind == Kind.INTEGER_LITERAL), None)
        if literal is None or variable.type.get_canonical().kind not in INTEGERS:
            return
        text = self.text(literal)
        if text.isdigit() and int(text) > 1:
            number = self.add("constant", literal, str(int(text) - 1))
            self.wrap(literal, f"mutant::one_less({number}, ", ")")

    def make_dynamic(self):
        """Replaces constexpr by const for each constant that depends on a switch."""
        constants = []

        def collect(node):
            for child in self.children_in_this_file(node):
                if child.kind == Kind.VAR_DECL and "constexpr" in self.words_before_name(child):
                    constants.append(child)
                collect(child)

        collect(self.unit.cursor)
        previous_size = -1
        while previous_size < len(self.dynamic):
            previous_size = len(self.dynamic)
            for constant in constants:
                used = {one.referenced.get_usr() for one in constant.walk_preorder()
                        if one.kind == Kind.DECL_REF_EXPR and one.referenced}
                if used & self.dynamic:
                    self.dynamic.add(constant.get_usr())
        for constant in constants:
            if constant.get_usr() in self.dynamic:
                start = self.source.index(b"constexpr", constant.extent.start.offset)
                self.edits.replace(start, start + len("constexpr"), "const")

    # --- statements ---

    def statement(self, node, tail=False, is_sole=False):
        """`tail`: the function ends after `node`.

        `is_sole`: `node` is the only statement of an if without else.
        """
        kind = node.kind
        if kind == Kind.COMPOUND_STMT:
            self.block(node, tail, is_sole)
        elif kind in JUMPS:
            self.jump(node, tail, is_sole)
        elif kind == Kind.IF_STMT:
            self.branch(node, tail)
        elif kind == Kind.SWITCH_STMT:
            self.switch(node, tail)
        elif kind in (Kind.CASE_STMT, Kind.DEFAULT_STMT):
            self.statement(children_of(node)[-1], tail)
        elif kind in (Kind.WHILE_STMT, Kind.FOR_STMT, Kind.CXX_FOR_RANGE_STMT):
            self.loop(node)
        elif kind == Kind.DECL_STMT:
            for child in children_of(node):
                if child.kind == Kind.VAR_DECL:
                    self.variable(child)
        elif is_expression(node):
            self.action(node)

    def loop(self, node):
        """The condition is not forced to true, because then the loop would not end."""
        *head, body = children_of(node)
        for child in head:
            if is_bool(child):
                self.boolean(child, frozenset((False,)))
            elif is_expression(child):
                self.expression(child)
        self.statement(body)

    def block(self, node, tail, is_sole):
        statements = children_of(node)
        for previous, child in zip([None, *statements], statements):
            is_last = child is statements[-1]
            is_after_empty = previous is not None and self.returns_empty(previous)
            if child.kind == Kind.RETURN_STMT and is_after_empty:
                self.jump(child, tail and is_last, is_sole, is_after_empty=True)
            else:
                self.statement(child, tail and is_last, is_sole and len(statements) == 1)

    def returns_empty(self, node):
        """True for an if without else that only returns an empty value: if (...) return {};"""
        last = children_of(node)[-1] if node.kind == Kind.IF_STMT else node
        text = self.text(last).removeprefix("return").strip()
        return last is not node and last.kind == Kind.RETURN_STMT and text in EMPTY

    def action(self, node):
        one = inner(node)
        assigned = children_of(one)[-1] if is_assignment(one) else one
        is_step = one.kind == Kind.UNARY_OPERATOR and self.text(one)[:2] in ("++", "--")
        is_action = one.kind == Kind.CALL_EXPR or is_assignment(one) or is_step
        if is_action and not self.is_text(assigned):
            self.removal("removed", node)
        self.inside(one)

    def removal(self, operator, node):
        """Adds a mutant that does not execute `node`."""
        self.wrap(node, f"if (mutant::on({self.add(operator, node, '')})) ; else ")

    def jump(self, node, tail, is_sole, is_after_empty=False):
        values = [child for child in children_of(node) if is_expression(child)]
        is_action = bool(values) and values[0].type.get_canonical().kind == TypeKind.VOID
        if not tail and not is_sole and (not values or self.return_type is not None):
            self.removal("jump", node)
        if is_action:
            number = self.add("removed", node, "return")
            self.wrap(node, f"if (mutant::on({number})) return; else ")
            self.inside(inner(values[0]))
        elif values:
            if not is_after_empty:
                self.empty(node, values[0])
            self.expression(values[0])

    def empty(self, node, value):
        kinds = (TypeKind.POINTER, TypeKind.RECORD)
        is_object = self.return_type and self.return_type.kind in kinds
        if is_object and self.text(value).strip() not in EMPTY:
            number = self.add("empty", node, "return {}")
            self.wrap(node, f"if (mutant::on({number})) return {{}}; else ")

    def branch(self, node, tail):
        if self.text(node).startswith("if constexpr"):
            return
        parts = children_of(node)
        condition_index = next(i for i, part in enumerate(parts) if is_expression(part))
        has_else = len(parts) > condition_index + 2
        declarations = parts[:condition_index]
        variable = next((part for part in declarations if part.kind == Kind.VAR_DECL), None)
        for part in declarations:
            self.statement(part) if part.kind == Kind.DECL_STMT else self.variable(part)
        if variable is not None:
            self.condition_variable(variable)
        else:
            self.boolean(parts[condition_index], BOTH)
        for part in parts[condition_index + 1 :]:
            self.statement(part, tail, is_sole=not has_else)

    def condition_variable(self, variable):
        """Adds true and false for the variable of: if (const auto found = ...)"""
        name, end = variable.spelling, variable.extent.end.offset
        as_false = self.add("false", variable, "false")
        as_true = 0 if self.is_dereferenced(name, end) else self.add("true", variable, "true")
        self.edits.wrap(end, end, f"; mutant::condition({as_true}, {as_false}, "
                                  f"static_cast<bool>({name}))")

    # --- switch ---

    def switch(self, node, tail):
        value, body = children_of(node)[-2:]
        statements = children_of(body)
        pairs = [f"{{{self.add('label', label, 'matches nothing')}, {self.text(label)}}}"
                 for label in self.labels(statements, tail)]
        if pairs:
            self.wrap(value, "mutant::without(", f", {{{', '.join(pairs)}}})")
        self.expression(value)
        for one, following in zip(statements, [*statements[1:], None]):
            # A break at the end, or before another break, is not removed: nothing would change.
            is_exit = self.below_labels(one).kind == Kind.BREAK_STMT
            if not is_exit or (following is not None
                               and self.below_labels(following).kind != Kind.BREAK_STMT):
                self.statement(one, tail and following is None)

    def below_labels(self, node):
        while node.kind in (Kind.CASE_STMT, Kind.DEFAULT_STMT):
            node = children_of(node)[-1]
        return node

    def labels(self, statements, tail):
        """The labels that change what is executed: without the label, other code would run."""
        is_void = self.return_type is not None and self.return_type.kind == TypeKind.VOID
        has_default, found = False, []
        for one in statements:
            chain = []
            while one.kind in (Kind.CASE_STMT, Kind.DEFAULT_STMT):
                has_default |= one.kind == Kind.DEFAULT_STMT
                chain += children_of(one)[:-1]
                one = children_of(one)[-1]
            is_exit = one.kind == Kind.BREAK_STMT or (tail and self.text(one) == "return")
            found += [(label, is_exit) for label in chain]
        # If no label matched, a function with a result could end without one, which is undefined.
        is_defined = has_default or not tail or is_void
        return [label for label, is_exit in found if is_defined and (has_default or not is_exit)]
