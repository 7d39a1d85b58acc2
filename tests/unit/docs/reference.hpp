// What the sources can say to a user, and what docs/reference.md explains: both read as text, so that neither can run ahead of
// the other. Knows how a reason is written in the sources, not what it means.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lastgood::reference {

using Names = std::set<std::string>;

// Of fact(true, "RolledBack", ...): "RolledBack Warning". Every freeze is one too, by its reason or by the name it is given.
[[nodiscard]] Names events_in(const std::string& source);
// How many facts there are, and how many of them take their reason from the condition Governed or from a freeze: the rest are
// spelt out.
struct FactCount {
  std::size_t all = 0;
  std::size_t spelt_out = 0;
  std::size_t of_governed = 0;
  std::size_t of_freezes = 0;
};
[[nodiscard]] FactCount facts_in(const std::string& source);

// Of enter(State::Idle, "Good", ...), of what freezes, and of a Rollback's reason, which a state takes over.
[[nodiscard]] Names states_in(const std::string& source);
// Of HoldRule{.name = "Suspended", ...}.
[[nodiscard]] Names holds_in(const std::string& source);
// Of Hold{.reason = "LimitReached", ..., .freezes = true}.
[[nodiscard]] Names freezing_holds_in(const std::string& source);
// Of RequestRule{.name = "Quarantined", ...}: with " yes" where it yields to force, else with " no".
[[nodiscard]] Names refusals_in(const std::string& source);
// What a preflight can find, with the status of the condition: "Refused False".
[[nodiscard]] Names preflights_in(const std::string& source);
// Of "lastgood.dev/enabled".
[[nodiscard]] Names annotations_in(const std::string& source);
// Of the samples that a check can come to, whichever way they are made.
[[nodiscard]] Names check_reasons_in(const std::string& source);
// Of add_option("--listen", ...)->envname("LASTGOOD_LISTEN"): "--listen LASTGOOD_LISTEN".
[[nodiscard]] Names flags_in(const std::string& source);
// Of MetricRow{"lastgood_leader", "gauge", ...}: "lastgood_leader gauge".
[[nodiscard]] Names metrics_in(const std::string& source);
// Everything that is spelt as a condition's type or reason is: "Ready".
[[nodiscard]] Names words_in(const std::string& source);

// The page from that heading to the next one of the same or a higher level; empty where there is none.
[[nodiscard]] std::string section(const std::string& page, const std::string& heading);
// The first cells of each row of the section's tables, without backticks, joined by a blank: "RolledBack Warning".
[[nodiscard]] Names rows_of(const std::string& page, const std::string& heading, std::size_t cells = 1);

// One sentence for each name that stands on one side alone.
[[nodiscard]] std::vector<std::string> differences(const Names& sources, const Names& page);

}  // namespace lastgood::reference
