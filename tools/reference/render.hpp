// The tables of docs/reference.md, as Markdown. Each table is in the page between the lines
// "<!-- generated: NAME -->" and "<!-- end -->".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lastgood::reference {

[[nodiscard]] std::vector<std::string_view> table_names();

// The table in Markdown, with its header. NotFound: there is no table of this name.
[[nodiscard]] Result<std::string> render_table(std::string_view name);

// The page with each table rendered again; the text outside the markers stays as it is.
// BadInput: a marker is not closed; NotFound: a marker names an unknown table.
[[nodiscard]] Result<std::string> render_page(std::string_view page);

// The names in the markers of the page, in the order of the page.
[[nodiscard]] std::vector<std::string> marked_tables(std::string_view page);

}  // namespace lastgood::reference
