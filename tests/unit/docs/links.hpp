// The links between the Markdown pages of the project.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace lastgood::links {

struct Link {
  std::string file;    // as written; empty: the page itself
  std::string anchor;  // without "#"; empty: the page as a whole
  bool operator==(const Link&) const = default;
};

// Every link of the page to a file of the project or to a heading. Links to other sites are left
// out.
[[nodiscard]] std::vector<Link> links_of(const std::string& page);

// The anchors of the page's headings, as GitHub makes them: "How to end a freeze" becomes
// "how-to-end-a-freeze". Lines in a code block are not headings.
[[nodiscard]] std::set<std::string> anchors_of(const std::string& page);

}  // namespace lastgood::links
