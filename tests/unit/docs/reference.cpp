#include "reference.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace lastgood::reference {
namespace {

using Matches = std::sregex_iterator;

// Every match of the pattern, as what `name` makes of it.
template <class Name>
Names all(const std::string& text, const char* pattern, Name name) {
  const std::regex regex(pattern);
  Names names;
  for (Matches match(text.begin(), text.end(), regex); match != Matches(); ++match) names.insert(name(*match));
  return names;
}

Names first_groups(const std::string& text, const char* pattern) {
  return all(text, pattern, [](const std::smatch& match) { return match[1].str(); });
}

std::size_t count(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  return static_cast<std::size_t>(std::distance(Matches(text.begin(), text.end(), regex), Matches()));
}

// A reason is an argument, or one of two between which a condition chooses; the words for a person begin behind it.
std::string up_to_the_words(const std::string& text, std::size_t from) {
  return text.substr(from, std::min(text.find(';', from), text.find("fmt::", from)) - from);
}

std::string cell_text(std::string_view cell) {
  std::string out;
  for (const char c : cell) {
    if (c != '`') out += c;
  }
  const auto first = out.find_first_not_of(' ');
  return first == std::string::npos ? "" : out.substr(first, out.find_last_not_of(' ') - first + 1);
}

std::string first_cells(std::string_view row, std::size_t cells) {
  std::string out;
  row.remove_prefix(1);
  for (std::size_t i = 0; i < cells; ++i) {
    const auto end = std::min(row.find('|'), row.size());
    out += (i == 0 ? "" : " ") + cell_text(row.substr(0, end));
    row.remove_prefix(std::min(end + 1, row.size()));
  }
  return out;
}

}  // namespace

Names events_in(const std::string& source) {
  Names names = all(source, R"re(fact\(\s*(true|false),\s*"(\w+)")re",
                    [](const std::smatch& match) { return match[2].str() + (match[1] == "true" ? " Warning" : " Normal"); });
  const auto warning = [](const std::smatch& match) { return match[1].str() + " Warning"; };
  names.merge(all(source, R"re(freeze\([^;"]*,\s*"(\w+)")re", warning));
  names.merge(all(source, R"re(\.warning = true,\s*\.reason = "(\w+)")re", warning));
  for (const std::string& reason : freezing_holds_in(source)) names.insert(reason + " Warning");
  return names;
}

FactCount facts_in(const std::string& source) {
  return {.all = count(source, R"re(step\.fact\()re"),
          .spelt_out = count(source, R"re(step\.fact\(\s*(true|false),\s*"\w+")re"),
          .of_governed = count(source, R"re(step\.fact\(\s*(true|false),\s*after\.reason,)re"),
          .of_freezes = count(source, R"re(step\.fact\(\s*true,\s*event\.empty\(\) \? reason : )re")};
}

Names states_in(const std::string& source) {
  Names names = first_groups(source, R"re((?:enter|freeze|fail_rollback)\([^;"{}]*,\s*"(\w+)")re");
  names.merge(first_groups(source, R"re(spec\.reason = "(\w+)")re"));
  return names;
}

Names holds_in(const std::string& source) { return first_groups(source, R"re(HoldRule\{\.name = "(\w+)")re"); }

Names freezing_holds_in(const std::string& source) {
  return first_groups(source, R"re(Hold\{\s*\.reason = "(\w+)"[^;]*\.freezes = true)re");
}

Names refusals_in(const std::string& source) {
  return all(source, R"re(RequestRule\{\.name = "(\w+)",\s*\.refuses = \w+(,\s*\.yields_to_force = true)?\})re",
             [](const std::smatch& match) { return match[1].str() + (match[2].matched ? " yes" : " no"); });
}

Names preflights_in(const std::string& source) {
  Names names = all(source, R"re(never\("(\w+)")re", [](const std::smatch& match) { return match[1].str() + " False"; });
  names.merge(all(source, R"re(Truth::(\w+), \.reason = "(\w+)")re",
                  [](const std::smatch& match) { return match[2].str() + " " + match[1].str(); }));
  return names;
}

Names annotations_in(const std::string& source) { return first_groups(source, R"re("(lastgood\.dev/[a-z-]+)")re"); }

Names check_reasons_in(const std::string& source) {
  constexpr std::array ways{"sample_of(", "fail_at_once(", "fail_after(", "nothing_to_ask(",
                            "unknown(",   ".reason = ",    ": return ",   "not_asked_yet = "};
  Names names;
  for (const std::string way : ways) {
    for (auto at = source.find(way); at != std::string::npos; at = source.find(way, at + 1)) {
      names.merge(words_in(up_to_the_words(source, at + way.size())));
    }
  }
  return names;
}

Names metrics_in(const std::string& source) {
  return all(source, R"re(MetricRow\{"(\w+)",\s*"(\w+)")re",
             [](const std::smatch& match) { return match[1].str() + " " + match[2].str(); });
}

Names flags_in(const std::string& source) {
  // The variable is the first one behind its flag; a flag of the library's own, such as --version, has none.
  return all(source, R"re(add_(?:option|flag)\w*(?:<[^>]*>)?\(\s*"(--[a-z-]+)"[\s\S]*?envname\("(\w+)"\))re",
             [](const std::smatch& match) { return match[1].str() + " " + match[2].str(); });
}

Names words_in(const std::string& source) { return first_groups(source, R"re("([A-Z][A-Za-z]+)")re"); }

std::string section(const std::string& page, const std::string& heading) {
  const auto start = page.find("\n" + heading + "\n");
  if (start == std::string::npos) return "";
  std::size_t end = page.size();
  for (std::string level = heading.substr(0, heading.find(' ')); level.size() > 1; level.pop_back()) {
    end = std::min(end, page.find("\n" + level + " ", start + 1));
  }
  return page.substr(start, end - start);
}

Names rows_of(const std::string& page, const std::string& heading, std::size_t cells) {
  const std::string text = section(page, heading);
  Names names;
  // The row of dashes is where a table's head ends.
  bool in_table = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (in_table && line.starts_with('|')) names.insert(first_cells(line, cells));
    in_table = line.starts_with("|---") || (in_table && line.starts_with('|'));
  }
  return names;
}

std::vector<std::string> differences(const Names& sources, const Names& page) {
  std::vector<std::string> out;
  for (const std::string& name : sources) {
    if (!page.contains(name)) out.push_back(name + " is in the sources and not in the reference");
  }
  for (const std::string& name : page) {
    if (!sources.contains(name)) out.push_back(name + " is in the reference and in no source");
  }
  return out;
}

}  // namespace lastgood::reference
