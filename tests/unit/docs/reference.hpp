// Reads the names of annotations, metrics and flags in the sources, and the tables of a Markdown
// page, as text. Knows how a name is written in the sources, not its meaning.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lastgood::reference {

using Names = std::set<std::string>;

// Of "lastgood.dev/enabled".
[[nodiscard]] Names annotations_in(const std::string& source);
// Of add_option("--listen", ...)->envname("LASTGOOD_LISTEN"): "--listen LASTGOOD_LISTEN".
[[nodiscard]] Names flags_in(const std::string& source);
// Of MetricRow{"a_total", "counter", "Help.", "b,c"}: "a_total counter b, c".
[[nodiscard]] Names metrics_in(const std::string& source);
// Of Reason::Good: "Good".
[[nodiscard]] Names reasons_in(const std::string& source);

// The page from that heading to the next one of the same or a higher level; empty if there is none.
[[nodiscard]] std::string section(const std::string& page, const std::string& heading);
// The first cells of each line of the section's tables, without backticks, joined by a blank:
// "a_total counter".
[[nodiscard]] Names rows_of(const std::string& page, const std::string& heading,
                            std::size_t cells = 1);

// One sentence for each name that is on one side only.
[[nodiscard]] std::vector<std::string> differences(const Names& sources, const Names& page);

}  // namespace lastgood::reference
