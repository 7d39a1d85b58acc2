#include "codec/prometheus_rule.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "base/text.hpp"
#include "codec/json_at.hpp"
#include "codec/promql_expression.hpp"

namespace lastgood::codec {
namespace {

constexpr std::size_t max_name_size = 256;    // bytes
constexpr std::size_t max_label_size = 1024;  // bytes
constexpr Duration max_hold = std::chrono::hours(24 * 365 * 10);

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
// In the order in which they must appear.
constexpr std::array<Unit, 7> units = {{{"y", 365LL * 24 * 3'600'000},
                                        {"w", 7LL * 24 * 3'600'000},
                                        {"d", 24LL * 3'600'000},
                                        {"h", 3'600'000},
                                        {"m", 60'000},
                                        {"s", 1000},
                                        {"ms", 1}}};

std::string_view taken_while(std::string_view& rest, bool (*is_wanted)(char)) {
  std::size_t length = 0;
  while (length < rest.size() && is_wanted(rest[length])) ++length;
  const std::string_view taken = rest.substr(0, length);
  rest.remove_prefix(length);
  return taken;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

std::int64_t number_of(std::string_view digits) {
  std::int64_t number = 0;
  for (const char digit : digits) number = number * 10 + (digit - '0');
  return number;
}

// The API allows a whole number for `expr` too, for example `expr: 1`.
void read_expression(const Json& rule, PrometheusRuleEntry& entry) {
  const Json* const found = find(rule, {"expr"});
  if (found && found->is_string()) {
    entry.expression = found->get<std::string>();
  } else if (found && found->is_number_integer()) {
    entry.expression = found->dump();
  } else {
    entry.problem = "expr is missing, or is not a text";
    return;
  }
  if (trimmed(entry.expression).empty()) entry.problem = "expr is empty";
  if (entry.expression.size() > max_expression_size) {
    entry.expression.clear();
    entry.problem = fmt::format("expr is larger than {} KiB", max_expression_size / 1024);
    return;
  }
  // A query has the expression in parentheses of its own, which would complete `a) or (b`.
  const auto expression = codec::read_expression(entry.expression);
  if (!expression && expression.error().kind == ErrorKind::BadInput)
    entry.problem = "expr: " + expression.error().message;
}

void read_hold(const Json& rule, PrometheusRuleEntry& entry) {
  const Json* const found = find(rule, {"for"});
  if (!found || found->is_null()) return;
  if (!found->is_string()) {
    entry.problem = "for is not a text";
    return;
  }
  const auto hold = parse_prometheus_duration(found->get_ref<const std::string&>());
  if (hold) {
    entry.hold = *hold;
  } else {
    entry.problem = "for: " + hold.error().message;
  }
}

void read_labels(const Json& rule, PrometheusRuleEntry& entry) {
  const Json& labels = object_at(rule, {"labels"});
  if (labels.size() > max_rule_labels) {
    entry.problem = fmt::format("it has more than {} labels", max_rule_labels);
    return;
  }
  for (const auto& [name, value] : labels.items()) {
    const bool is_usable = value.is_string() && name.size() <= max_name_size &&
                           value.get_ref<const std::string&>().size() <= max_label_size;
    if (is_usable) {
      entry.labels.emplace(name, value.get<std::string>());
    } else {
      entry.problem = fmt::format("the label {} is not a text, or is too long", in_quotes(name));
    }
  }
}

PrometheusRuleEntry entry_of(const Json& rule, const std::string& group) {
  PrometheusRuleEntry entry{.group = group,
                            .alert = clip(text_at(rule, {"alert"}), max_name_size),
                            .record = clip(text_at(rule, {"record"}), max_name_size)};
  if (entry.alert.empty() && entry.record.empty()) entry.problem = "it has no name";
  if (!entry.alert.empty() && !entry.record.empty())
    entry.problem = "it has both an alert and a record";
  read_labels(rule, entry);
  read_hold(rule, entry);
  read_expression(rule, entry);
  return entry;
}

}  // namespace

Result<std::vector<PrometheusRuleEntry>> parse_prometheus_rule(const Json& object) {
  const Json* const spec = find(object, {"spec"});
  if (!spec || !spec->is_object()) return fail(ErrorKind::Protocol, "the object has no spec");
  std::vector<PrometheusRuleEntry> entries;
  const Json* const groups = find(*spec, {"groups"});
  if (!groups || groups->is_null()) return entries;
  if (!groups->is_array()) return fail(ErrorKind::Protocol, "spec.groups is not a list");
  for (const Json& group : *groups) {
    const std::string name = clip(text_at(group, {"name"}), max_name_size);
    const Json* const rules = find(group, {"rules"});
    if (!rules || rules->is_null()) continue;
    if (!rules->is_array())
      return fail(ErrorKind::Protocol,
                  fmt::format("the rules of the group {} are not a list", in_quotes(name)));
    if (entries.size() + rules->size() > max_rules)
      return fail(ErrorKind::TooLarge, fmt::format("it has more than {} rules", max_rules));
    for (const Json& rule : *rules) entries.push_back(entry_of(rule, name));
  }
  return entries;
}

Result<Duration> parse_prometheus_duration(std::string_view text) {
  const auto invalid = [&](std::string_view problem) {
    return fail(ErrorKind::BadInput, fmt::format("{} {}", in_quotes(text), problem));
  };
  constexpr std::string_view not_a_duration =
      R"(is not a duration of Prometheus, such as "2m" or "1h30m")";
  if (text == "0") return Duration{0};
  std::string_view rest = text;
  std::int64_t total = 0;
  std::size_t first_allowed = 0;
  while (!rest.empty()) {
    const std::string_view digits = taken_while(rest, is_digit);
    const std::string_view name = taken_while(rest, is_letter);
    std::size_t unit = first_allowed;
    while (unit < units.size() && units.at(unit).name != name) ++unit;
    if (digits.empty() || unit == units.size()) return invalid(not_a_duration);
    constexpr std::size_t max_digits = 9;
    const bool is_too_long =
        digits.size() > max_digits || number_of(digits) > max_hold.count() / units.at(unit).ms;
    if (is_too_long) return invalid("is longer than 10 years");
    total += number_of(digits) * units.at(unit).ms;
    first_allowed = unit + 1;
  }
  if (text.empty()) return invalid(not_a_duration);
  if (total > max_hold.count()) return invalid("is longer than 10 years");
  return Duration{total};
}

}  // namespace lastgood::codec
