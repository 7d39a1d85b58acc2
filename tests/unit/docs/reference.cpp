#include "reference.hpp"

#include <algorithm>
#include <regex>

namespace lastgood::reference {
namespace {

using Matches = std::sregex_iterator;

// The names that `name` makes from all matches of the pattern.
template <class Name>
Names names_from(const std::string& text, const char* pattern, Name name) {
  const std::regex regex(pattern);
  Names names;
  for (Matches match(text.begin(), text.end(), regex); match != Matches(); ++match)
    names.insert(name(*match));
  return names;
}

Names first_groups(const std::string& text, const char* pattern) {
  return names_from(text, pattern, [](const std::smatch& match) { return match[1].str(); });
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

Names annotations_in(const std::string& source) {
  return first_groups(source, R"re("(lastgood\.dev/[a-z-]+)")re");
}

Names reasons_in(const std::string& source) {
  return first_groups(source, R"re(\bReason::(\w+))re");
}

Names metrics_in(const std::string& source) {
  // A help text may be split into several literals.
  return names_from(source, R"re(MetricRow\{"(\w+)",\s*"(\w+)",\s*(?:"[^"]*"\s*)+,\s*"([\w,]*)")re",
                    [](const std::smatch& match) {
                      const std::string labels =
                          std::regex_replace(match[3].str(), std::regex(","), ", ");
                      return match[1].str() + " " + match[2].str() + " " + labels;
                    });
}

Names flags_in(const std::string& source) {
  // The variable of a flag is in the first envname() after the flag. Flags that CLI11 defines
  // itself, such as --version, have no variable and are not found.
  return names_from(
      source,
      R"re(add_(?:option|flag)\w*(?:<[^>]*>)?\(\s*"(--[a-z-]+)"[\s\S]*?envname\("(\w+)"\))re",
      [](const std::smatch& match) { return match[1].str() + " " + match[2].str(); });
}

std::string section(const std::string& page, const std::string& heading) {
  const auto start = page.find("\n" + heading + "\n");
  if (start == std::string::npos) return "";
  std::size_t end = page.size();
  for (std::string level = heading.substr(0, heading.find(' ')); level.size() > 1;
       level.pop_back()) {
    end = std::min(end, page.find("\n" + level + " ", start + 1));
  }
  return page.substr(start, end - start);
}

Names rows_of(const std::string& page, const std::string& heading, std::size_t cells) {
  const std::string text = section(page, heading);
  Names names;
  // The rows of a table follow the line of dashes below its head.
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
    if (!sources.contains(name))
      out.push_back(name + " is in the reference and not in the sources");
  }
  return out;
}

}  // namespace lastgood::reference
