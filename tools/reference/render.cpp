#include "reference/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "api/enum_docs.hpp"
#include "api/reasons.hpp"

namespace lastgood::reference {
namespace {

constexpr std::string_view open_marker = "<!-- generated: ";
constexpr std::string_view marker_end = " -->\n";
constexpr std::string_view close_marker = "<!-- end -->\n";

std::string head(std::span<const std::string_view> columns) {
  std::string names = "|";
  std::string dashes = "|";
  for (const std::string_view column : columns) {
    names += fmt::format(" {} |", column);
    dashes += "---|";
  }
  return names + "\n" + dashes + "\n";
}

std::string_view action_or_nothing(std::string_view action) {
  return action.empty() ? "Nothing." : action;
}

std::string reasons_of(api::ReasonPlace place, std::string_view detail) {
  const std::array<std::string_view, 4> columns{"reason", detail, "meaning", "what to do"};
  std::string out = head(columns);
  for (const api::ReasonEntry& entry : api::reason_table()) {
    if (entry.place != place) continue;
    out += fmt::format("| `{}` | {} | {} | {} |\n", api::to_string(entry.reason), entry.detail,
                       entry.meaning, action_or_nothing(entry.action));
  }
  return out;
}

template <class Enum>
std::string values_with_actions(std::string_view what,
                                std::span<const api::ValueDoc<Enum>> entries) {
  const std::array<std::string_view, 3> columns{what, "meaning", "what to do"};
  std::string out = head(columns);
  for (const auto& entry : entries) {
    out += fmt::format("| `{}` | {} | {} |\n", api::to_string(entry.value), entry.meaning,
                       action_or_nothing(entry.action));
  }
  return out;
}

template <class Enum>
std::string values(std::string_view what, std::string_view meaning,
                   std::span<const api::ValueDoc<Enum>> entries) {
  const std::array<std::string_view, 2> columns{what, meaning};
  std::string out = head(columns);
  for (const auto& entry : entries)
    out += fmt::format("| `{}` | {} |\n", api::to_string(entry.value), entry.meaning);
  return out;
}

std::string conditions() {
  const std::array<std::string_view, 4> columns{"condition", "kind", "`True`", "`False`"};
  std::string out = head(columns);
  for (const api::ConditionDoc& entry : api::condition_docs()) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", entry.type, entry.kind, entry.if_true,
                       entry.otherwise);
  }
  return out;
}

struct Table {
  std::string_view name;
  std::string (*render)();
};

constexpr std::array tables{
    Table{"modes", [] { return values("mode", "on a breach", api::mode_docs()); }},
    Table{"policy", [] { return reasons_of(api::ReasonPlace::Policy, "condition"); }},
    Table{"states", [] { return values_with_actions("state", api::state_docs()); }},
    Table{"state-reasons", [] { return reasons_of(api::ReasonPlace::State, "state"); }},
    Table{"holds", [] { return reasons_of(api::ReasonPlace::Hold, "state"); }},
    Table{"verdicts", [] { return values("verdict", "meaning", api::verdict_docs()); }},
    Table{"results", [] { return values("result", "meaning", api::result_docs()); }},
    Table{"check-reasons", [] { return reasons_of(api::ReasonPlace::Check, "check and result"); }},
    Table{"phases", [] { return values_with_actions("phase", api::phase_docs()); }},
    Table{"rejections", [] { return reasons_of(api::ReasonPlace::Rejection, "`force`"); }},
    Table{"conditions", conditions},
    Table{"preflight", [] { return reasons_of(api::ReasonPlace::Preflight, "`RollbackReady`"); }},
    Table{"event-actions", [] { return values("action", "meaning", api::action_docs()); }},
    Table{"events", [] { return reasons_of(api::ReasonPlace::Event, "type"); }},
};

}  // namespace

std::vector<std::string_view> table_names() {
  std::vector<std::string_view> names;
  std::ranges::transform(tables, std::back_inserter(names), &Table::name);
  return names;
}

Result<std::string> render_table(std::string_view name) {
  const auto* const found = std::ranges::find(tables, name, &Table::name);
  if (found == tables.end())
    return fail(ErrorKind::NotFound, fmt::format("there is no table \"{}\"", name));
  return found->render();
}

Result<std::string> render_page(std::string_view page) {
  std::string out;
  for (;;) {
    const auto open = page.find(open_marker);
    if (open == std::string_view::npos) return out + std::string(page);
    const auto name_at = open + open_marker.size();
    const auto name_end = page.find(marker_end, name_at);
    const auto close = page.find(close_marker, open);
    if (name_end == std::string_view::npos || close == std::string_view::npos || close < name_end) {
      return fail(ErrorKind::BadInput,
                  fmt::format("a marker is not closed: {}",
                              page.substr(open, page.find('\n', open) - open)));
    }
    const auto table = render_table(page.substr(name_at, name_end - name_at));
    if (!table) return std::unexpected(table.error());
    out += page.substr(0, name_end + marker_end.size());
    out += *table;
    out += close_marker;
    page.remove_prefix(close + close_marker.size());
  }
}

std::vector<std::string> marked_tables(std::string_view page) {
  std::vector<std::string> names;
  for (auto at = page.find(open_marker); at != std::string_view::npos;
       at = page.find(open_marker, at + 1)) {
    const auto begin = at + open_marker.size();
    names.emplace_back(page.substr(begin, page.find(marker_end, begin) - begin));
  }
  return names;
}

}  // namespace lastgood::reference
