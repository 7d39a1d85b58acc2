// docs/platform-team.md has exactly the keys of credentials that the controller reads.
#include <catch2/catch.hpp>
#include <set>

#include "checks/credentials.hpp"
#include "unit/codec/schema.hpp"

using namespace lastgood;

namespace {

using Names = std::set<std::string>;

// The names in backticks in the first column of the table "| key | meaning |".
Names documented_keys() {
  const std::string page = schema::text_file("docs/platform-team.md");
  const std::size_t begin = page.find("| key | meaning |");
  REQUIRE(begin != std::string::npos);
  std::istringstream lines(page.substr(begin, page.find("\n\n", begin) - begin));
  Names names;
  for (std::string line; std::getline(lines, line);) {
    const std::string cell = line.substr(0, line.find('|', 1));
    for (std::size_t at = cell.find('`'); at != std::string::npos;) {
      const std::size_t end = cell.find('`', at + 1);
      names.insert(cell.substr(at + 1, end - at - 1));
      at = cell.find('`', end + 1);
    }
  }
  return names;
}

}  // namespace

TEST_CASE("The page for platform teams has exactly the keys of credentials") {
  const auto keys = checks::credentials_keys();
  CHECK(documented_keys() == Names(keys.begin(), keys.end()));
}
