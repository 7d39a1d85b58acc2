#include "allowed_includes.hpp"

#include <algorithm>
#include <map>
#include <sstream>

namespace lastgood::architecture {
namespace {

using Names = std::vector<std::string_view>;

// The folders that a folder may include besides itself.
const std::map<std::string_view, Names> allowed = {
    {"base", {}},
    {"api", {"base"}},
    {"codec", {"api", "base"}},
    {"kube", {"codec", "api", "base"}},
    {"policy", {"codec", "api", "base"}},
    {"checks", {"codec", "api", "base"}},
    {"rollback", {"codec", "api", "base"}},
    {"guard", {"policy", "checks", "rollback", "kube", "codec", "api", "base"}},
    {"ports", {"api", "base"}},
    {"runtime", {"kube", "codec", "ports", "api", "base"}},
    {"shell",
     {"guard", "runtime", "policy", "checks", "rollback", "kube", "codec", "ports", "api", "base"}},
    {"net", {"codec", "ports", "api", "base"}},
    {"cmd", {"shell", "net", "ports", "codec", "api", "base"}},
};

// The folders without I/O, threads and coroutines.
const Names pure = {"base", "api", "codec", "kube", "policy", "checks", "rollback", "guard"};
const Names impure_headers = {"boost/", "openssl/", "thread",   "mutex",
                              "future", "sys/",     "netinet/", "unistd.h"};

bool contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_impure(std::string_view header) {
  return std::ranges::any_of(impure_headers, [&](std::string_view name) {
    return name.ends_with('/') ? header.starts_with(name) : header == name;
  });
}

bool is_coroutine(std::string_view line) {
  line = line.substr(0, line.find("//"));
  return line.contains("co_await") || line.contains("co_return") || line.contains("co_yield");
}

// Why `folder` must not have this include. Empty: the include is allowed.
std::string reason_against(const std::string& folder, const Include& include) {
  const std::string& file = include.file;
  if (!include.quoted) {
    return contains(pure, folder) && is_impure(file)
               ? folder + " is pure and must not include <" + file + ">"
               : "";
  }
  if (file.starts_with("..")) return "include " + file + " by the name of its folder";
  const auto slash = file.find('/');
  if (slash == std::string::npos) return "";  // in the same folder
  const std::string included_folder = file.substr(0, slash);
  if (included_folder == folder || contains(allowed.at(folder), included_folder)) return "";
  return folder + " must not include " + file;
}

}  // namespace

Violations forbidden_includes(const std::vector<SourceFile>& files) {
  Violations found;
  for (const SourceFile& file : files) {
    const std::string folder = folder_of(file.path);
    if (!allowed.contains(folder)) {
      found.push_back(violation(file, 1, "the folder is not in the table of allowed_includes.cpp"));
      continue;
    }
    for (const Include& include : includes_of(file)) {
      const std::string text = reason_against(folder, include);
      if (!text.empty()) found.push_back(violation(file, include.line, text));
    }
    if (!contains(pure, folder)) continue;
    std::istringstream text(file.text);
    std::string line;
    for (std::size_t number = 1; std::getline(text, line); ++number) {
      if (is_coroutine(line))
        found.push_back(violation(file, number, folder + " is pure and must not use coroutines"));
    }
  }
  return found;
}

}  // namespace lastgood::architecture
