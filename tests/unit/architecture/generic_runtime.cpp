#include "generic_runtime.hpp"

#include <cctype>
#include <set>
#include <sstream>

namespace lastgood::architecture {
namespace {

// Whole words. Their plural is forbidden too. The namespace `lastgood` is allowed.
const std::set<std::string> lastgood_words = {"Lastgood", "Deployment",     "ReplicaSet",
                                              "Pod",      "ConfigMap",      "ControllerRevision",
                                              "Rollback", "RollbackPolicy", "DeploymentGuard",
                                              "rollback", "policy",         "policies",
                                              "guard",    "deployment",     "pod",
                                              "snapshot", "revision"};

bool is_lastgood_word(const std::string& word) {
  return lastgood_words.contains(word) ||
         (word.ends_with('s') && lastgood_words.contains(word.substr(0, word.size() - 1)));
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

}  // namespace

Violations lastgood_words_in_runtime(const std::vector<SourceFile>& files) {
  Violations found;
  for (const SourceFile& file : files) {
    if (folder_of(file.path) != "runtime") continue;
    std::istringstream text(file.text);
    std::string line;
    for (std::size_t number = 1; std::getline(text, line); ++number) {
      for (const std::string& word : words_of(line)) {
        if (is_lastgood_word(word))
          found.push_back(violation(file, number, "runtime must not name \"" + word + "\""));
      }
    }
  }
  return found;
}

}  // namespace lastgood::architecture
