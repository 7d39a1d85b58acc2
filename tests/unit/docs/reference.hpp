// Finds the names of annotations, metrics, flags and reasons in the text of the sources, and in the
// tables of a Markdown page.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lastgood::reference {

using Names = std::set<std::string>;

// The string literals that are annotations, such as "lastgood.dev/enabled".
[[nodiscard]] Names annotations_in(const std::string& source);
// Flags with their variables: "--listen LASTGOOD_LISTEN" for
// add_option("--listen", ...)->envname("LASTGOOD_LISTEN").
[[nodiscard]] Names flags_in(const std::string& source);
// Metrics with their types and labels: "a_total counter b, c" for
// MetricRow{"a_total", "counter", "Help.", "b,c"}.
[[nodiscard]] Names metrics_in(const std::string& source);
// Reasons: "Good" for Reason::Good.
[[nodiscard]] Names reasons_in(const std::string& source);

// The part of the page from the heading to the next heading of the same or a higher level. Empty if
// the page does not have the heading.
[[nodiscard]] std::string section(const std::string& page, const std::string& heading);
// The first `cells` cells of each table row below the heading, without backticks and joined by a
// blank: "a_total counter".
[[nodiscard]] Names rows_of(const std::string& page, const std::string& heading,
                            std::size_t cells = 1);

// One sentence for each name that only the sources or only the page has.
[[nodiscard]] std::vector<std::string> differences(const Names& sources, const Names& page);

}  // namespace lastgood::reference
